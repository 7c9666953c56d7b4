package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestBodyRules(t *testing.T) {
	const field, price = sandbox.CodeInventedField, sandbox.CodeInventedPrice
	tests := []struct {
		name string
		body any
		code int // 0: a link is created
	}{
		{"the smallest call", ask(nil), 0},
		{"unset optional fields as empty strings", ask(fields{
			"subscriberId": "", "productImage": "", "additionalText": "", "packageName": "",
			"customPrice": "", "customCurrency": "",
		}), 0},
		{"a field nobody documents", ask(fields{"theme": "dark", "level": 3}), 0},

		{"no body", "", sandbox.CodeInventedBody},
		{"null", "null", sandbox.CodeInventedBody},
		{"an array", "[]", sandbox.CodeInventedBody},
		{"two objects", "{}{}", sandbox.CodeInventedBody},
		{"half an object", `{"language":`, sandbox.CodeInventedBody},
		{
			"more than 64 KiB", ask(fields{"additionalText": strings.Repeat("x", 64<<10)}),
			sandbox.CodeInventedBody,
		},

		{"no applicationKey", ask(fields{"applicationKey": nil}), field},
		{"no checkoutLinkId", ask(fields{"checkoutLinkId": nil}), field},
		{"no subscriberIpAddress", ask(fields{"subscriberIpAddress": nil}), field},
		{"no language", ask(fields{"language": nil}), field},
		{"an empty language", ask(fields{"language": ""}), field},
		{
			"another project", ask(fields{"applicationKey": "other"}),
			sandbox.CodeInventedApplication,
		},

		{"checkoutLinkId as a number", ask(fields{"checkoutLinkId": 123}), field},
		{
			"customPrice as a number", ask(fields{"customPrice": 9.99, "customCurrency": "EUR"}),
			field,
		},
		{"customParameters as a string", ask(fields{"customParameters": "{}"}), field},
		{"customParameters as an array", ask(fields{"customParameters": []any{}}), field},

		{"IPv6", ask(fields{"subscriberIpAddress": "2001:db8::7"}), 0},
		{"IPv6 with a zone", ask(fields{"subscriberIpAddress": "fe80::1%eth0"}), field},
		{"address with a port", ask(fields{"subscriberIpAddress": "203.0.113.7:443"}), field},
		{"language in capitals", ask(fields{"language": "TR"}), 0},
		{"language with a region", ask(fields{"language": "pt_br"}), 0},
		{"language of a browser", ask(fields{"language": "pt-BR"}), field},
		{"relative image", ask(fields{"productImage": "/a.png"}), field},
		{"script image", ask(fields{"productImage": "javascript:alert(1)"}), field},

		{"e-mail", ask(fields{"subscriberId": "ada@example.com"}), 0},
		{"phone", ask(fields{"subscriberId": "905555555555"}), 0},
		{"UUID", ask(fields{"subscriberId": "0e4a8f5e-7d0b-4c53-9a55-0c1f8c8b6f11"}), 0},
		{
			"phone with a plus", ask(fields{"subscriberId": "+905555555555"}),
			sandbox.CodeSubscriberID,
		},
		{"short phone", ask(fields{"subscriberId": "123456"}), sandbox.CodeSubscriberID},
		{"internal id", ask(fields{"subscriberId": "33321D3"}), sandbox.CodeSubscriberID},
		{
			"e-mail with a blank", ask(fields{"subscriberId": "a da@example.com"}),
			sandbox.CodeSubscriberID,
		},
		{
			"endless e-mail",
			ask(fields{"subscriberId": strings.Repeat("a", 250) + "@example.com"}),
			sandbox.CodeSubscriberID,
		},

		{"price", ask(fields{"customPrice": "19.99", "customCurrency": "EUR"}), 0},
		{"price without currency", ask(fields{"customPrice": "19.99"}), price},
		{"currency without price", ask(fields{"customCurrency": "EUR"}), price},
		{"no money", ask(fields{"customPrice": "0.00", "customCurrency": "EUR"}), price},
		{"three decimals", ask(fields{"customPrice": "1.999", "customCurrency": "EUR"}), price},
		{"decimal comma", ask(fields{"customPrice": "1,99", "customCurrency": "EUR"}), price},
		{"small currency", ask(fields{"customPrice": "1.99", "customCurrency": "eur"}), price},
	}
	s := open(t, sandbox.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.Links())
			out := s.call(t, tt.body)
			if tt.code == 0 {
				if out.status != 200 || out.link() == "" {
					t.Fatalf("refused: %d %s", out.status, out.raw)
				}
				return
			}
			refused(t, out, 400, tt.code)
			if len(s.Links()) != before {
				t.Error("a refused call created a link")
			}
		})
	}
}

// refused checks an answer against the published error envelope.
func refused(t *testing.T, out reply, status, code int) {
	t.Helper()
	if out.status != status || out.Meta.HTTPStatus != status || out.Meta.ErrorCode != code {
		t.Errorf("got %d %s, want %d with code %d", out.status, out.raw, status, code)
	}
	if out.Meta.RequestID == "" || out.Meta.ErrorMessage == "" || string(out.Result) != "[]" {
		t.Errorf("not the error envelope: %s", out.raw)
	}
	invented := strings.Contains(out.Meta.ErrorMessage, "invented")
	if invented != (code%1000 >= 900) {
		t.Errorf("code %d, message %q", code, out.Meta.ErrorMessage)
	}
}

func TestHeaderRules(t *testing.T) {
	s := open(t, sandbox.Config{AccessKey: "key", AccessSecret: "secret"})
	good := func() *http.Request {
		r := request(t, s.url, ask(nil))
		r.Header.Set("AccessKey", "key")
		r.Header.Set("AccessSecret", "secret")
		return r
	}
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
		code   int
	}{
		{
			"wrong key", func(r *http.Request) { r.Header.Set("AccessKey", "other") }, 401,
			sandbox.CodeCredentials,
		},
		{
			"no secret", func(r *http.Request) { r.Header.Del("AccessSecret") }, 401,
			sandbox.CodeCredentials,
		},
		{
			"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, 400,
			sandbox.CodeInventedBody,
		},
		{"a form", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}, 400, sandbox.CodeInventedBody},
		{"GET", func(r *http.Request) { r.Method = "GET" }, 404, sandbox.CodeEndpoint},
		{
			"old version", func(r *http.Request) { r.URL.Path = "/v1/app-to-web/one-link" }, 404,
			sandbox.CodeEndpoint,
		},
		{
			"doubled slash", func(r *http.Request) { r.URL.Path = "/" + sandbox.OneLinkPath }, 404,
			sandbox.CodeEndpoint,
		},
		{"root", func(r *http.Request) { r.URL.Path = "/" }, 404, sandbox.CodeEndpoint},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := good()
			tt.change(r)
			out, err := send(s.client, r)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, out, tt.status, tt.code)
		})
	}
	out, err := send(s.client, good())
	if err != nil || out.link() == "" {
		t.Errorf("the unchanged call: %v %s", err, out.raw)
	}
}
