package linkgen_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// full is an order that uses everything.
func full() linkgen.Order {
	return linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: "email", ID: "ada@example.com", Issuer: "https://id.example.com"},
		IP:         netip.MustParseAddr("::ffff:203.0.113.7"),
		Language:   "pt_br", LinkID: "123", Price: "14.99", Currency: "EUR",
		Fields: []zotlo.Field{
			{Name: "packageName", Value: "Pro, <lifetime>"},
			{Name: "additionalText", Value: ""},
			{Name: "theme", Value: "mobileapp"},
			{Name: "customPrice", Value: "0.01"}, // must not replace the price of the order
			{Name: "applicationKey", Value: "x"},
		},
		Parameters: []zotlo.Field{{Name: "mmp.appsflyer_id", Value: "af-1"}, {Name: "partner", Value: "p"}, {Name: "checkout", Value: "x"}},
		Campaign:   "black-friday", Experiment: "bf-price", Variant: "cheaper",
	}
}

// wire is the body that an API gets for full, attribution apart.
var wire = map[string]any{
	"applicationKey": "app-1", "checkoutLinkId": "123", "subscriberIpAddress": "203.0.113.7", "language": "pt_br",
	"subscriberId": "ada@example.com", "packageName": "Pro, <lifetime>", "theme": "mobileapp",
	"customPrice": "14.99", "customCurrency": "EUR",
	"customParameters": map[string]any{"mmp": map[string]any{"appsflyer_id": "af-1"}, "partner": "p"},
}

func TestRequestOnTheWire(t *testing.T) {
	var got *http.Request
	var body map[string]any
	api := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, body = r, nil
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		io.WriteString(w, good)
	})
	s := set(t, at(api.URL+"/base/"), func(c *linkgen.Config) { c.Projects[0].ApplicationID = "42" })
	defer s.g.Close()
	if _, err := s.g.Link(t.Context(), full()); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/base/v2/app-to-web/one-link" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "AccessKey": "key-1", "AccessSecret": "secret-1", "ApplicationId": "42",
		"Language": "en", "Accept-Encoding": "",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
	parameters := body["customParameters"].(map[string]any)
	checkout := strings.Split(parameters["checkout"].(string), " ")
	want := []string{"black-friday", s.g.SubscriberHash("ADA@example.com").String()}
	if len(checkout) != 3 || !slices.Equal(checkout[:2], want) || len(checkout[2]) < 12 {
		t.Errorf("the attribution is %q", checkout)
	}
	delete(parameters, "checkout")
	if diff := cmp.Diff(wire, body); diff != "" {
		t.Error(diff)
	}
}

func TestLeastRequest(t *testing.T) {
	s := set(t)
	d, err := s.g.Describe(linkgen.Order{LinkID: "123", IP: netip.MustParseAddr("fe80::1%eth0")})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"applicationKey": "(hidden)", "checkoutLinkId": "123", "language": "en", "subscriberIpAddress": "fe80::1",
		"customParameters": map[string]any{"checkout": "  "},
	}
	if diff := cmp.Diff(want, d.Body); diff != "" {
		t.Error(diff)
	}
	d, err = s.g.Describe(linkgen.Order{LinkID: "123"})
	if err != nil {
		t.Fatal(err)
	}
	if ip, sent := d.Body.(map[string]any)["subscriberIpAddress"]; sent {
		t.Errorf("an address that is none is sent as %q", ip)
	}
}

func TestDescribeHidesSecretsAndSendsNothing(t *testing.T) {
	s := set(t)
	d, err := s.g.Describe(full())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret-1", "key-1", "app-1"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	if d.Method != "POST" || d.URL != "http://127.0.0.1/v2/app-to-web/one-link" || d.Header["AccessSecret"] != "(hidden)" || d.Header["Language"] != "en" {
		t.Errorf("described as %+v", d)
	}
	again, _ := s.g.Describe(full())
	if diff := cmp.Diff(d, again); diff != "" {
		t.Errorf("two descriptions of one order differ: %s", diff)
	}
	s.apiCalls(0)
}

func TestConnectionsAreKept(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			pool, _, _, fine := certificates(t)
			var mu sync.Mutex
			peers := make(map[string]bool)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				peers[r.RemoteAddr] = true
				if r.Proto != version {
					t.Errorf("spoke %s", r.Proto)
				}
				io.WriteString(w, good)
			}))
			server.EnableHTTP2 = version == "HTTP/2.0"
			server.TLS = tlsWith(fine)
			server.StartTLS()
			defer server.Close()
			s := set(t, at(server.URL), trusting(pool), noLimits)
			defer s.g.Close()
			for range 20 {
				s.hit("", linkgen.FromAPI)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(peers) != 1 {
				t.Errorf("%d connections for calls one after the other", len(peers))
			}
		})
	}
}

// The environment's proxy would see the secret of a plain-text API, and be told every host.
func TestNoProxyFromTheEnvironment(t *testing.T) {
	if zotlo.NewTransport().Proxy != nil {
		t.Error("a proxy is asked for")
	}
}
