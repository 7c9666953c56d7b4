package linkgen_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

const sessionSecret = "at least 32 bytes of real randomness"

// shop answers a click with the shopper's personal link: who are they, what are they offered, and
// which link is that.
type shop struct {
	users *auth.Authenticator
	offer *campaign.Campaign
	links *linkgen.Generator
}

// ServeHTTP is a click.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, err := s.users.Authenticate(r)
	if err != nil || !user.Subscriber.Known() {
		http.Error(w, "please sign in", http.StatusUnauthorized)
		return
	}
	who := campaign.User{Subscriber: user.Subscriber.ID, Claims: user}
	decision, err := campaign.Decide([]*campaign.Campaign{s.offer}, who, plain{}, time.Now())
	if err != nil {
		http.Error(w, "nothing is offered", http.StatusNotFound)
		return
	}
	offer := decision.Offer
	address, _ := netip.ParseAddrPort(r.RemoteAddr)
	link, err := s.links.Link(r.Context(), s.links.Prepare(linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: string(user.Subscriber.Kind), ID: user.Subscriber.ID},
		IP:         address.Addr(),
		LinkID:     offer.LinkID,
		Price:      offer.Price.Amount,
		Currency:   offer.Price.Currency,
		Campaign:   offer.Campaign.Name(),
	}), r.Host)
	var failed *linkgen.Error
	switch {
	case errors.As(err, &failed): // failed.Cause() is for the log
		http.Error(w, failed.Error(), http.StatusBadGateway)
	default:
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, link.URL, http.StatusSeeOther)
	}
}

// plain is what a campaign may know of a request: this shop has no matchers, no events and no
// placeholders.
type plain struct{}

func (plain) Match(int) (bool, error)     { return true, nil }
func (plain) Value(string) (string, bool) { return "", false }
func (plain) Partner(int) bool            { return false }
func (plain) Trusted(string) bool         { return false }

// Happened knows of nothing.
func (plain) Happened(string, time.Duration) (happened, known bool) { return false, false }

// A shop without Caddy: auth, campaign and linkgen in a plain net/http server.
func Example_server() {
	users, err := auth.New(auth.Config{
		Secrets: []string{sessionSecret},
		From:    []auth.Source{{In: "cookie", Name: "session"}},
	})
	check(err)
	offer, err := campaign.New(campaign.Config{
		Name: "pro",
		Overrides: campaign.Overrides{
			LinkID: "123", OneTimePrice: &campaign.Price{Amount: "14.99", Currency: "EUR"},
		},
	}, campaign.Options{})
	check(err)
	stand := sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com"}) // for Zotlo
	cache := memorycache.New(memorycache.Config{})
	defer cache.Close()
	links, err := linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{Project: zotlo.Project{
			AccessKey:      sandbox.DefaultAccessKey,
			AccessSecret:   sandbox.DefaultAccessSecret,
			ApplicationKey: sandbox.DefaultApplicationKey,
		}}},
		Key: []byte("thirty-two secret bytes or so..."), Cache: cache, Transport: stand.Transport(),
	})
	check(err)
	defer links.Close()

	server := &shop{users, offer, links}
	for _, session := range []string{"", signIn("ada@example.com")} {
		click := httptest.NewRequest(http.MethodGet, "https://shop.example.com/upgrade", nil)
		click.AddCookie(&http.Cookie{Name: "session", Value: session})
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, click)
		link, _ := stand.Link(answer.Header().Get("Location"))
		fmt.Printf("%d %q %q\n", answer.Code, link.SubscriberID, link.CustomPrice)
	}
	// Output:
	// 401 "" ""
	// 303 "ada@example.com" "14.99"
}

func check(err error) {
	if err != nil {
		panic(err) // it names the option and the fix
	}
}

// signIn is what the shop's backend writes into the session cookie.
func signIn(email string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"email":%q,"exp":%d}`, email, time.Now().Unix()+600)
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(sessionSecret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
