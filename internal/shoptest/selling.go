package shoptest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// HookToken is what webhooks to a selling shop carry, and HookPath leads to where they arrive, up
// to their token.
const (
	HookToken = "what only Zotlo and this shop know"
	HookPath  = "/hooks/zotlo?token="
)

// Selling is a site whose payments come back. It answers under every host, since webhooks go to its
// address.
const Selling = "{" + Private + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign lifetime {
			link_id 123
			one_time_price 19.99 EUR
			experiment price {
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
		campaign monthly {
			link_id 124
			after_payment /account
		}
	}
}

http:// {
	checkout_link /lifetime lifetime
	checkout_link /monthly monthly
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
	metrics /metrics
}
`

// OpenSelling opens a shop that Zotlo's webhooks reach. Its Caddyfile finds their token in
// {env.HOOK_TOKEN}.
func OpenSelling(t *testing.T, caddyfile string, env ...string) *Shop {
	t.Helper()
	s := Open(t, caddyfile, append(env, "HOOK_TOKEN="+HookToken)...)
	s.Zotlo.SetWebhooks(sandbox.WebhooksTo(s.HookURL()))
	return s
}

// HookURL is where this shop's webhooks go.
func (s *Shop) HookURL() string {
	return "http://" + s.HTTP + HookPath + url.QueryEscape(HookToken)
}

// Sold clicks and returns the link that the user was sent to.
func (s *Shop) Sold(t *testing.T, email, path string) sandbox.Link {
	t.Helper()
	got := s.Click(t, email, path)
	s.WantLinkOf(t, email, got)
	link, _ := s.Zotlo.Link(got.Header.Get("Location"))
	return link
}

// Pay pays a link; its webhooks have been tried once when it returns.
func (s *Shop) Pay(
	t *testing.T, link sandbox.Link, opts ...sandbox.PayOption,
) sandbox.Payment {
	t.Helper()
	payment, err := s.Zotlo.Pay(link.URL, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return payment
}

// Event finds the newest webhook of a kind.
func (s *Shop) Event(t *testing.T, kind sandbox.Kind) sandbox.Event {
	t.Helper()
	var found sandbox.Event
	for _, e := range s.Zotlo.Events() {
		if e.Kind == kind {
			found = e
		}
	}
	if found.ID == "" {
		t.Fatalf("no webhook of kind %s", kind)
	}
	return found
}

// Deliver sends a webhook now, whatever became of it before.
func (s *Shop) Deliver(t *testing.T, e sandbox.Event, want int) {
	t.Helper()
	if got, err := s.Zotlo.Send(t.Context(), e.ID); err != nil || got != want {
		t.Errorf("the %s webhook was answered %d (%v), want %d", e.Kind, got, err, want)
	}
}

// PostHook sends a webhook of the test's own making, with the right token.
func (s *Shop) PostHook(t *testing.T, body string, want int) {
	t.Helper()
	if got := s.SendHook(t, http.MethodPost, "?token="+url.QueryEscape(HookToken),
		body); got != want {
		t.Errorf("the webhook got %d, want %d", got, want)
	}
}

// SendHook sends any request to the webhooks' address and returns the status of its answer.
func (s *Shop) SendHook(t *testing.T, method, query, body string) int {
	t.Helper()
	address := "http://" + s.HTTP + "/hooks/zotlo" + strings.ReplaceAll(query, " ", "+")
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := Do(s.Client, r)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode
}
