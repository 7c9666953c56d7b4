package caddymodule_test

import (
	"encoding/json"
	"testing"
)

// orderedSite changes the request with request_header, in the order that Caddy gives the lines. The
// campaign's matcher tells which request a directive decided on.
const orderedSite = `{` + serverOptions + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from header X-Session
		}
		campaign marked {
			link_id 1
			quote 5.00 EUR
			match {
				header X-Mark *
			}
		}
		campaign usual {
			link_id 2
			quote 9.00 EUR
		}
	}
}

http:// {` + serverSite + `
	request_header X-Mark "set by the site"
	request_header /stripped* -X-Session
	request_header X-Offer {http.checkout.campaign}
	checkout_offer /page* marked usual
	checkout_link /upgrade* marked usual {
		anonymous guest
	}
	checkout_link /stripped marked usual
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
	request_header /hooks -X-Webhook-Token
	route /route/* {
		request_header X-Mark "set by the site"
		checkout_offer /route/page marked usual
		checkout_link /route/upgrade marked usual {
			anonymous guest
		}
		respond "{http.checkout.campaign}"
	}
	respond "{http.checkout.campaign}, {header.X-Offer}"
}
`

// TestPageAndCheckoutDecideOnTheSameRequest: request_header stood between them, so its header chose
// another campaign for the checkout than for the page.
func TestPageAndCheckoutDecideOnTheSameRequest(t *testing.T) {
	o := openServer(t, orderedSite)
	sells := func(path, want string, options ...func(*request)) {
		t.Helper()
		res, body := o.click(path, append(options, wantJSON)...)
		var answer struct{ Campaign string }
		readJSON(t, body, &answer)
		if answer.Campaign != want {
			t.Errorf("%s sells %q (%d), want %q", path, answer.Campaign, res.StatusCode, want)
		}
	}
	says := func(path, want string, options ...func(*request)) {
		t.Helper()
		if _, body := o.click(path, options...); string(body) != want {
			t.Errorf("%s says %q, want %q", path, body, want)
		}
	}
	says("/page", "usual, usual") // and request_header has read the placeholder
	sells("/upgrade", "usual")
	// Matchers see what the visitor sent: docs/security.md says so.
	says("/page", "marked, marked", header("X-Mark", "forged"))
	sells("/upgrade", "marked", header("X-Mark", "forged"))
	// Who needs request_header first writes both in a route.
	says("/route/page", "marked")
	sells("/route/upgrade", "marked")
}

// TestRequestHeaderHidesNothingFromTheCheckout: a token and a webhook's token are read before
// request_header can take them away.
func TestRequestHeaderHidesNothingFromTheCheckout(t *testing.T) {
	o := openServer(t, orderedSite)
	session := header("X-Session", token(map[string]any{"email": "ann@example.com", "sub": "ann"}))
	if res, _ := o.click("/stripped", session); res.StatusCode != 303 {
		t.Errorf("the signed token was not read: %d", res.StatusCode)
	}
	res, _ := o.click("/hooks", method("POST"), header("X-Webhook-Token", hookToken))
	if res.StatusCode != 400 { // an empty body: the token was right
		t.Errorf("the webhook was answered %d", res.StatusCode)
	}
}

// readJSON reads an answer of checkout_link; an error is one, too.
func readJSON(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
