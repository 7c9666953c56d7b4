package sandbox_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// formAnswer is an answer of the SDK's server.
type formAnswer struct {
	Meta struct {
		ErrorCode int    `json:"errorCode"`
		Message   string `json:"message"`
	} `json:"meta"`
	Result json.RawMessage `json:"result"`
}

// sdk makes one call as the script does.
func (s *harness) sdk(t *testing.T, method, path, uuid string, body fields) formAnswer {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, s.url+sandbox.SDKPath+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Uuid", uuid)
	r.Header.Set("Language", "de")
	res, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got formAnswer
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if (got.Meta.ErrorCode == 0) != (res.StatusCode == http.StatusOK) {
		t.Errorf("%s: %d with code %d", path, res.StatusCode, got.Meta.ErrorCode)
	}
	return got
}

// form begins a session with these fields on top of the smallest good ones.
func (s *harness) form(t *testing.T, more fields) (uuid string, got formAnswer) {
	t.Helper()
	call := fields{"applicationHash": sandbox.DefaultApplicationKey, "packageId": "pro-monthly"}
	maps.Copy(call, more)
	got = s.sdk(t, "POST", "init", "", call)
	var result struct{ UUID string }
	_ = json.Unmarshal(got.Result, &result) // [] of a refusal
	return result.UUID, got
}

func TestAFormSells(t *testing.T) {
	s := open(t, sandbox.Config{
		Webhooks: sandbox.WebhooksTo(shopHooks),
		BaseLinks: sandbox.Catalog{
			"1": {PackageID: "pro-monthly", Price: "12.5", Currency: "EUR"},
		},
	})
	s.HoldWebhooks()
	uuid, _ := s.form(t, fields{
		"subscriberId": "ann@example.com", "customParameters": `{"checkout":"c=pro"}`,
	})
	if got := s.sdk(t, "GET", "payment/init", uuid, nil); !strings.Contains(string(got.Result),
		`"price":"12.50"`) {
		t.Errorf("it shows %s", got.Result)
	}
	if got := s.sdk(t, "GET", "payment/detail", uuid, nil); got.Meta.ErrorCode == 0 {
		t.Errorf("before a payment it tells of %s", got.Result)
	}
	got := s.sdk(t, "POST", "payment/checkout", uuid, fields{
		"providerKey": "creditCard", "returnUrl": "https://shop.example.com/checkout?a=1",
	})
	if !strings.Contains(string(got.Result), "https://shop.example.com/checkout?a=1\\u0026") ||
		!strings.Contains(string(got.Result), "zc_status=success") {
		t.Errorf("it leads back to %s", got.Result)
	}
	paid := s.Payments()
	if len(paid) != 1 || paid[0].SubscriberID != "ann@example.com" || paid[0].Price != "12.50" ||
		paid[0].PackageID != "pro-monthly" || paid[0].LinkURL != "" {
		t.Fatalf("sold %+v", paid)
	}
	if got := s.sdk(t, "GET", "payment/detail", uuid, nil); !strings.Contains(string(got.Result),
		paid[0].TransactionID) {
		t.Errorf("afterwards it tells of %s", got.Result)
	}
	kinds := map[sandbox.Kind]bool{}
	for _, e := range s.Events() {
		kinds[e.Kind] = true
		if e.Kind == sandbox.KindPayment && !strings.Contains(string(e.Body), `"checkout":"c=pro"`) {
			t.Errorf("the payment's webhook is %s", e.Body)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("the webhooks are %v", kinds)
	}
}

func TestWhatAFormRefuses(t *testing.T) {
	s := open(t, sandbox.Config{BaseLinks: sandbox.Catalog{"1": {PackageID: "pro-monthly"}}})
	for name, call := range map[string]fields{
		"no token":           {"applicationHash": nil},
		"another token":      {"applicationHash": "of somebody else"},
		"no package":         {"packageId": ""},
		"an unknown one":     {"packageId": "yearly"},
		"no subscriber":      {"subscriberId": "Ann"},
		"an object, no text": {"subscriberId": fields{"email": "ann@example.com"}, "packageId": nil},
		"no JSON":            {"customParameters": "c=pro"},
		"a list":             {"customParameters": "[1]"},
	} {
		if uuid, got := s.form(t, call); uuid != "" || got.Meta.ErrorCode == 0 ||
			got.Meta.Message == "" {
			t.Errorf("%s: session %q, %+v", name, uuid, got.Meta)
		}
	}
	uuid, _ := s.form(t, nil)
	for name, got := range map[string]formAnswer{
		"nobody pays":      s.sdk(t, "POST", "payment/checkout", uuid, fields{"returnUrl": "/"}),
		"typed nonsense":   s.sdk(t, "POST", "payment/register", uuid, fields{"subscriberId": "Ann"}),
		"a declined card":  s.sdk(t, "POST", "payment/checkout", uuid, fields{"providerKey": "declined"}),
		"no session":       s.sdk(t, "POST", "payment/checkout", "made up", fields{}),
		"no such endpoint": s.sdk(t, "POST", "payment/steal", uuid, fields{}),
	} {
		if got.Meta.ErrorCode == 0 || got.Meta.Message == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if n := len(s.Payments()); n != 0 {
		t.Errorf("%d payments", n)
	}
	s.clock.Advance(31 * time.Minute)
	if got := s.sdk(t, "GET", "payment/init", uuid, nil); got.Meta.ErrorCode == 0 {
		t.Error("a session of half an hour ago is there")
	}
}

func TestAGuestSaysWhoPays(t *testing.T) {
	s := open(t, sandbox.Config{})
	uuid, _ := s.form(t, fields{"applicationHash": sandbox.DefaultTestApplicationKey})
	s.sdk(t, "POST", "payment/register", uuid, fields{"subscriberId": "guest@example.com"})
	s.sdk(t, "POST", "payment/checkout", uuid, fields{"returnUrl": "https://shop.example.com/"})
	paid := s.Payments()
	if len(paid) != 1 || paid[0].SubscriberID != "guest@example.com" || !paid[0].TestMode {
		t.Errorf("sold %+v", paid)
	}
}

// TestAnyPageMayCallTheSDK: the page is on another origin, and its headers make the browser ask
// first.
func TestAnyPageMayCallTheSDK(t *testing.T) {
	s := open(t, sandbox.Config{})
	for path, kind := range map[string]string{
		"zotlo-checkout.min.js": "text/javascript; charset=utf-8",
		"zotlo-checkout.css":    "text/css; charset=utf-8",
	} {
		status, text, header := s.get(t, s.url+sandbox.SDKPath+path)
		if status != http.StatusOK || header.Get("Content-Type") != kind || text == "" {
			t.Errorf("%s: %d %s", path, status, header.Get("Content-Type"))
		}
	}
	r, err := http.NewRequest(http.MethodOptions, s.url+sandbox.SDKPath+"init", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent || res.Header.Get("Access-Control-Allow-Origin") != "*" ||
		res.Header.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Uuid") {
		t.Errorf("the preflight is answered %d %v", res.StatusCode, res.Header)
	}
}
