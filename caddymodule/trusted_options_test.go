package caddymodule_test

import (
	"fmt"
	"strings"
	"testing"
)

// visitorWritable is one placeholder of each family that a visitor can write, directly or through
// what they send.
var visitorWritable = []string{
	"query.p", "header.X-Price", "cookie.price", "path.1", "path", "uri", "host", "hostport",
	"port", "method", "remote", "client_ip", "labels.0", "file.base", "vars.price", "re.price.1",
	"uuid", "scheme", "err.message", "resp.header.X-Price", "file_match.relative",
	"tls_client_subject", "http.request.body", "http.request.body_base64",
	"http.request.uri.query", "http.request.orig_uri.query", "http.request.orig_uri.path",
	"http.request.remote.host", "http.request.tls.client.subject", "http.request.tls.server_name",
	"http.request.header.X-Price", "http.request.duration", "http.request.local",
	"http.response.header.X-Price", "http.vars.price", "http.regexp.name.1", "http.error.message",
	"http.intercept.header.X-Price", "http.matchers.file.relative", "http.shutting_down",
	"http.reverse_proxy.upstream.host", "http.reverse_proxy.status_text", "http.checkout.campaign",
	"http.checkout.return_to", "http.checkout.claim.email", "http.checkout.claim.user.plan",
	"http.auth.candidate.user.id", "HTTP.AUTH.USER.ID", " env.HOME", "unknown.thing",
}

// trustedOptions are the options that decide what is sold and how it looks; %s stands for the
// value.
var trustedOptions = []string{
	"link_id %s",
	"one_time_price %s EUR 1 99",
	"quote %s EUR",
	"product_image %s",
	"product_image https://img.example.com/%s",
	"package %s",
	"theme %s",
	"layout %s",
	"field newField %s",
}

// TestNoVisitorWritesATrustedOption is the whole matrix: every family times every trusted option
// is a config error that names both.
func TestNoVisitorWritesATrustedOption(t *testing.T) {
	s := openShop(t, plainShop)
	for _, placeholder := range visitorWritable {
		for _, option := range trustedOptions {
			line := fmt.Sprintf(option, "\"{"+placeholder+"}\"")
			err := s.reload(siteWith(line))
			if err == nil {
				t.Errorf("%s was loaded", line)
				continue
			}
			name, _, _ := strings.Cut(option, " ")
			if !strings.Contains(err.Error(), name) ||
				!strings.Contains(err.Error(), "Caddyfile:") {
				t.Errorf("%s: the error does not name the option and the line: %v", line, err)
			}
		}
	}
}

// TestTrustedPlaceholdersLoad is the other side: what no visitor can write may stand in every
// trusted option.
func TestTrustedPlaceholdersLoad(t *testing.T) {
	s := openShop(t, plainShop)
	for _, placeholder := range []string{
		"env.PRICE", "file./etc/hostname", "time.now.year", "system.hostname",
		"http.auth.user.plan", "rp.header.X-Price", "http.reverse_proxy.header.X-Price",
		"http.checkout.claim.price",
	} {
		for _, option := range trustedOptions {
			line := fmt.Sprintf(option, "\"{"+placeholder+"}\"")
			if err := s.reload(siteWith(line)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

// siteWith is a site whose one campaign has this line.
func siteWith(line string) string {
	link := "\t\tlink_id 1\n"
	if strings.HasPrefix(line, "link_id") {
		link = ""
	}
	return `{
	checkout {
		api_url {$API}
	}
}

http:// {
	checkout_link /upgrade sold {
` + link + "\t\t" + line + `
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			trusted_claims price
		}
	}
}
`
}

// TestPlaceholderValuesAreNeverExpandedAgain plants placeholders where visitors can write, and
// looks for their values upstream.
func TestPlaceholderValuesAreNeverExpandedAgain(t *testing.T) {
	s := openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}

http:// {
	checkout_link /upgrade {
		link_id 1
		package_name "{query.a} {header.X-A} {http.checkout.claim.a}"
		custom_parameter a {query.a}
	}
}
`)
	planted := "{env.JWT_SECRET}{file./etc/hostname}{http.request.cookie.session}"
	res := s.click("/upgrade?a="+planted,
		as(map[string]any{"email": "a@example.com", "a": planted}), header("X-A", planted))
	link := s.getsLink(res, "a@example.com")
	for _, request := range s.zotlo.Requests() {
		if strings.Contains(string(request.Raw), jwtSecret) {
			t.Error("a placeholder from the request was expanded")
		}
	}
	if got := fmt.Sprint(link.Fields["packageName"]); !strings.Contains(got, "{env.JWT_SECRET}") {
		t.Errorf("the text did not arrive as it was sent: %q", got)
	}
}
