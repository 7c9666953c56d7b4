package caddymodule_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPaymentKillsTheLinkAndLeadsToTheAccount(t *testing.T) {
	s := openPricedShop(t)
	s.zotlo.SetWebhooks(hooksTo(s))
	link := s.getsLink(s.click("/upgrade", by("Ann@example.com")), "Ann@example.com")
	if _, err := s.zotlo.Pay(link.URL); err != nil {
		t.Fatal(err)
	}
	s.redirects(s.click("/upgrade", by("Ann@example.com")), "/account")
	s.apiCalls(1)
}

func TestWebhookRules(t *testing.T) {
	s := openPricedShop(t)
	post := func(path, contentType, body string) *http.Response {
		return s.click(path, method(http.MethodPost), header("Content-Type", contentType),
			func(r *request) {
				r.Body = io.NopCloser(strings.NewReader(body))
			})
	}
	const address = "/hooks/zotlo?token=a+token+that+nobody+guesses"
	s.fails(s.click(address), http.StatusMethodNotAllowed)
	s.fails(post("/hooks/zotlo?token=wrong", "application/json", "{}"), http.StatusUnauthorized)
	s.fails(post("/hooks/zotlo", "application/json", "{}"), http.StatusUnauthorized)
	s.fails(post(address, "application/json", "{"), http.StatusBadRequest)
	s.fails(post(address, "application/json", "queue=1"), http.StatusBadRequest)
	s.fails(post(address, "application/json", "{\"x\":\""+strings.Repeat("x", 70_000)+"\"}"),
		http.StatusRequestEntityTooLarge)
	for range 2 {
		for _, shape := range []string{
			`{"queue":{"type":"Whatever","requestID":"1"}}`, "[]",
			`"text"`, "null",
		} {
			if res := post(address, "application/json; charset=utf-8",
				shape); res.StatusCode != http.StatusOK {
				t.Errorf("the unknown shape %s is answered %d", shape, res.StatusCode)
			}
		}
	}
	// What Zotlo says of the type is not published, and PHP's own default is that of a form.
	for _, contentType := range []string{
		"", "text/plain", "application/x-www-form-urlencoded",
		"application/json; charset",
	} {
		if res := post(address, contentType, "{}"); res.StatusCode != http.StatusOK {
			t.Errorf("JSON of the type %q is answered %d", contentType, res.StatusCode)
		}
	}
}

// TestTokenIsOneTextOrSeveral: JSON of version 1 has one text. Two let a token be changed.
func TestTokenIsOneTextOrSeveral(t *testing.T) {
	setKeys(t)
	t.Setenv("HOOK_TOKEN", hookToken)
	t.Setenv("NEXT_TOKEN", "another token that nobody guesses")
	for _, tt := range []struct {
		token, want string
	}{
		{`"{env.HOOK_TOKEN}"`, ""},
		{`["{env.HOOK_TOKEN}"]`, ""},
		{`["{env.NEXT_TOKEN}","{env.HOOK_TOKEN}"]`, ""},
		{`[]`, "token is missing"},
		{`["{env.HOOK_TOKEN}","short"]`, "can be guessed"},
		{`7`, "cannot unmarshal"},
	} {
		err := validate([]byte(`{"apps":{"http":{"servers":{"srv0":{"listen":[":1"],"routes":` +
			`[{"handle":[{"handler":"checkout_webhook","token":` + tt.token + `}]}]}}}}}`))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("token %s: %v, want %q", tt.token, err, tt.want)
		}
	}
}

// While a token is changed, Zotlo may bring either.
func TestBothTokensOpenWhileOneIsChanged(t *testing.T) {
	const next = "another token that nobody guesses"
	t.Setenv("NEXT_TOKEN", next)
	t.Setenv("HOOK_TOKEN", hookToken)
	s := openShop(t, strings.Replace(subscriptionShop, "\t\ttoken {env.HOOK_TOKEN}\n",
		"\t\ttoken {env.NEXT_TOKEN}\n\t\ttoken {env.HOOK_TOKEN}\n", 1))
	for token, want := range map[string]int{
		next: http.StatusOK, hookToken: http.StatusOK, "": http.StatusUnauthorized,
		next + hookToken: http.StatusUnauthorized,
	} {
		res := s.click("/hooks/zotlo", method(http.MethodPost), header("X-Webhook-Token", token),
			withBody("{}"))
		if res.StatusCode != want {
			t.Errorf("the token %q is answered %d, want %d", token, res.StatusCode, want)
		}
	}
}
