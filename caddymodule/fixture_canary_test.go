package caddymodule_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/golang-jwt/jwt/v5"
)

// Every private thing of these tests carries one of two marks, so that a piece of it is found
// wherever it turns up.
const (
	mark      = "kanarie"
	phoneMark = "9990001"
)

// canaries is how many shoppers walk each way.
const canaries = 1000

// canaryServer has a way for everything that can happen to a shopper.
const canaryServer = `{` + serverOptions + `
	metrics
	events {
		on * canary
	}
	checkout {
		api_url {$API}
		access_key {env.ZOTLO_ACCESS_KEY}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			from header Authorization
			trusted_claims price
		}
		limits {
			timeout 2s
			per_ip 2/1m
		}
		cache memory {
			ttl 5m
		}
		campaign canary-plain {
			link_id 1
			package_name "Pro for {http.checkout.claim.given_name}"
			custom_parameter email {http.checkout.claim.email}
			mmp device {http.checkout.claim.device}
			after_payment /account
		}
		campaign canary-priced {
			link_id 2
			one_time_price {http.checkout.claim.price} EUR 1 100
		}
	}
}

http:// {` + serverSite + `
	log {
		output file {$DIR}/log.json
		format filter {
			resp_headers>Location delete
			resp_headers>Hx-Redirect delete
			resp_headers>X-Inertia-Location delete
			request>headers>X-Webhook-Token delete
			request>uri query {
				replace token REDACTED
			}
		}
	}
	checkout_offer /page canary-plain
	checkout_link /plain canary-plain
	checkout_link /guest canary-plain {
		anonymous guest
	}
	checkout_link /priced canary-priced {
		fallback /plans
	}
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
	checkout_report /report {
		open
	}
	handle_errors {
		respond "{err.status_code} {err.message}"
	}
}
`

// shopper is one canary.
type shopper struct{ email, phone, name string }

func canary(n int) shopper {
	return shopper{
		fmt.Sprintf("%s%04d@%s.example", mark, n, mark),
		fmt.Sprintf("+%s%04d", phoneMark, n), fmt.Sprintf("%s the %dth", mark, n),
	}
}

func (s shopper) claims(more ...string) jwt.MapClaims {
	claims := jwt.MapClaims{
		"sub": s.email, "email": s.email, "given_name": s.name,
		"device": mark + "-device", "iss": "https://" + mark + ".example",
	}
	for i := 0; i+1 < len(more); i += 2 {
		claims[more[i]] = more[i+1]
	}
	return claims
}

// canarySecret is the value of a secret.
func canarySecret(what string) string {
	return mark + "-" + what + "-0123456789abcdef0123456789abcdef"
}

// marked signs claims; the token's header carries the mark, too.
func marked(claims jwt.MapClaims, secret string) string {
	if claims["exp"] == nil {
		claims["exp"] = 4e9 / 2
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	t.Header["kid"] = mark
	text, err := t.SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return text
}

func signedIn(claims jwt.MapClaims) func(*request) {
	return holding(marked(claims, canarySecret("jwt")))
}

// witness collects what the outside gets to see, and says where a canary sang.
type witness struct {
	*server
	t *testing.T
}

// click sends a shopper and returns their link. Only that, in Location or in the JSON answer, is
// theirs to see.
func (w witness) click(path string, options ...func(*request)) string {
	w.t.Helper()
	res, body := w.server.click(path, options...)
	link := res.Header.Get("Location")
	if res.StatusCode == http.StatusSeeOther {
		res.Header.Del("Location")
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		w.silent("the answer to "+path, fmt.Sprint(res.Header), string(body))
	}
	return link
}

// silent checks that no canary is in the texts, as it is or encoded.
func (w witness) silent(where string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		for form, needle := range canaryForms {
			if at := strings.Index(strings.ToLower(text), needle); at >= 0 {
				w.t.Errorf("%s holds a canary (%s): …%s…", where, form,
					text[max(0, at-300):min(len(text), at+200)])
				return
			}
		}
		for i, needle := range canaryBase64 {
			if at := strings.Index(text, needle); at >= 0 {
				w.t.Errorf("%s holds a canary (base64 %d): …%s…", where, i,
					text[max(0, at-300):min(len(text), at+200)])
				return
			}
		}
	}
}

var canaryForms = map[string]string{
	"text":         mark,
	"phone":        phoneMark,
	"hex":          hex.EncodeToString([]byte(mark)),
	"link":         "pay.sandbox.example",
	"escaped link": url.QueryEscape("pay.sandbox.example/pay"),
}

// canaryBase64 is the mark in base64 at its three alignments, without the characters that its
// neighbours change.
var canaryBase64 = [3]string{
	base64.RawStdEncoding.EncodeToString([]byte(mark))[:9],
	base64.RawStdEncoding.EncodeToString([]byte("x" + mark))[2:10],
	base64.RawStdEncoding.EncodeToString([]byte("xx" + mark))[3:12],
}

// canaryEvents keeps every event of Caddy's.
type canaryEvents struct{}

var sungEvents []string

func init() { caddy.RegisterModule(canaryEvents{}) }

func (canaryEvents) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "events.handlers.canary",
		New: func() caddy.Module { return new(canaryEvents) },
	}
}

func (*canaryEvents) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*canaryEvents) Handle(_ context.Context, e caddy.Event) error {
	text, err := json.Marshal(e.CloudEvent())
	sungEvents = append(sungEvents, string(text))
	return err
}
