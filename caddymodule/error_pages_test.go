package caddymodule_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// partlyDressed is a site that dresses its 403 alone, beside one that dresses everything.
const partlyDressed = "{" + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 1
		}
	}
}

http://shop.example.com {` + serverSite + `
	checkout_link /upgrade pro
	checkout_link /account pro
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
		pass_through
	}
	error /hooks "backend" 502
	handle_errors 403 {
		respond "dressed: {err.message}"
	}
	handle_errors 4xx {
		@account path /account
		respond @account "account: {err.message}"
	}
}

http://other.example.com {` + serverSite + `
	handle_errors {
		respond "other"
	}
}
`

// TestAnErrorThatNoErrorRouteAnswersIsASentence: handle_errors for one status, or on another site,
// must not turn the other errors into an empty page.
func TestAnErrorThatNoErrorRouteAnswersIsASentence(t *testing.T) {
	o := openServer(t, partlyDressed)
	for name, tt := range map[string]struct {
		path    string
		options []func(*request)
		fault   sandbox.Fault
		status  int
		body    string
	}{
		"a status with a page": {
			path:    "/upgrade",
			options: []func(*request){header("Sec-Fetch-Dest", "image")},
			status:  http.StatusForbidden,
			body:    "dressed: a checkout is not embedded in another page",
		},
		"a status without": {
			path: "/upgrade", status: http.StatusUnauthorized,
			body: "please sign in first\n",
		},
		"a method that is not allowed": {
			path: "/upgrade", options: []func(*request){method("PUT")},
			status: http.StatusMethodNotAllowed, body: "this method is not allowed here\n",
		},
		"a path with a page": {
			path: "/account", status: http.StatusUnauthorized,
			body: "account: please sign in first",
		},
		"a failure of the API": {
			path: "/upgrade", options: []func(*request){fresh(t, "ann")},
			fault: sandbox.BadRequest(400008), status: http.StatusBadGateway,
			body: "the checkout could not be opened\n",
		},
		"a failure there": {
			path: "/account", options: []func(*request){fresh(t, "bob")},
			fault: sandbox.BadRequest(400008), status: http.StatusBadGateway,
			body: "the checkout could not be opened\n",
		},
		"the backend of a webhook": {
			path: "/hooks", options: []func(*request){
				method("POST"),
				header("X-Webhook-Token", hookToken), sending("{}"),
			}, status: http.StatusBadGateway,
			body: "Bad Gateway\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := &server{t: t, zotlo: o.zotlo, api: o.api, dir: o.dir}
			o.zotlo.Fail(tt.fault)
			res, body := o.click(tt.path, tt.options...)
			if res.StatusCode != tt.status || string(body) != tt.body {
				t.Errorf("%d %q, want %d %q", res.StatusCode, body, tt.status, tt.body)
			}
			private(t, res)
		})
	}
}

func sending(body string) func(*request) {
	return func(r *request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}
