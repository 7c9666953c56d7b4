package caddymodule_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// subscriptionShop sells one subscription.
const subscriptionShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		cache stumbling
		ledger stumbling
		campaign monthly {
			link_id 124
			after_payment /account
		}
	}
}

http:// {
	checkout_link /monthly monthly
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
}
`

// failingBackend is a shop whose own backend fails for every webhook, so that Zotlo repeats each.
var failingBackend = strings.NewReplacer("{env.HOOK_TOKEN}\n",
	"{env.HOOK_TOKEN}\n\t\tpass_through\n",
	"\tcheckout_webhook", "\trespond /hooks/zotlo "+
		"503\n\tcheckout_webhook").Replace(subscriptionShop)

// till is a shop whose cache and ledger stumble, with a subscriber who has a link.
type till struct {
	*shop
	link  string
	count float64 // conversions before
}

func openTill(t *testing.T, config string) *till {
	t.Setenv("HOOK_TOKEN", hookToken)
	stumble("", 0)
	s := &till{shop: openShop(t, config)}
	s.link, s.count = s.goes(), s.conversions()
	return s
}

// goes is where a click leads.
func (s *till) goes() string {
	return s.click("/monthly", by("ann@example.com")).Header.Get("Location")
}

func (s *till) conversions() (n float64) { return s.conversionsOf("") }

// conversionsOf counts those with a label of that value.
func (s *till) conversionsOf(label string) (n float64) {
	families, err := s.live.Load().ctx.GetMetricsRegistry().Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "caddy_checkout_conversions_total" {
			continue
		}
		for _, m := range family.Metric {
			if label != "" && !strings.Contains(labelText(m), "="+label) {
				continue
			}
			n += m.GetCounter().GetValue()
		}
	}
	return n
}

// webhook is a request that Zotlo sends. change are old and new texts of its body.
func (s *till) webhook(ctx context.Context, kind, requestID string,
	change ...string,
) *http.Request {
	body := strings.NewReplacer(change...).Replace(`{
		"queue":{"type":"` + kind + `","requestID":"` + requestID + `"},
		"parameters":{
			"status":"start_paid",
			"subscriber_id":"ann@example.com",
			"transaction_id":"1",
			"custom_parameters":{"checkout":"c=monthly"}
		}
	}`)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks/zotlo",
		strings.NewReader(body))
	r.Header.Set("X-Webhook-Token", hookToken)
	return r
}

// hears is told by Zotlo, and answers.
func (s *till) hears(kind, requestID string, status int, change ...string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, s.webhook(s.t.Context(), kind, requestID, change...))
	if w.Code != status {
		s.t.Errorf("%s is answered %d, want %d", kind, w.Code, status)
	}
}

func (s *till) counted(want float64) {
	s.t.Helper()
	if got := s.conversions() - s.count; got != want {
		s.t.Errorf("%v conversions, want %v", got, want)
	}
}

func (s *till) leadsTo(want string) {
	s.t.Helper()
	if got := s.goes(); got != want {
		s.t.Errorf("a click leads to %q, want %q", got, want)
	}
}
