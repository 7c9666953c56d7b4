package checkout_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// Who has the token can make links be made anew, but no more of them than one subscriber gets.
func TestAbuse35ForgedWebhooks(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	limited := 0
	for i := range 40 {
		s.post(t, fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"forged-%d"},"parameters":{"subscriber_id":%q,"status":"renewal","price":"1000000"}}`, i, ann), http.StatusOK)
		if s.click(t, ann, "/lifetime").StatusCode == http.StatusTooManyRequests {
			limited++
		}
	}
	if n := s.zotlo.Calls(); n > 15 || limited < 25 {
		t.Errorf("forty forged payments made %d calls, and %d clicks were refused", n, limited)
	}
	s.wantLinkOf(t, ben, s.click(t, ben, "/lifetime"))
	s.wantSum(t, conversions, `campaign=""`, 40) // counted, and believed by nobody
	s.wantSum(t, conversions, `campaign="lifetime"`, 0)
	if err := s.reload(strings.Replace(selling, "token {env.HOOK_TOKEN}", "token short", 1)); err == nil || !strings.Contains(err.Error(), "16") {
		t.Errorf("a short token: %v", err)
	}
}

func TestAbuse36OddWebhooks(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	s.pay(t, s.sold(t, ann, "/lifetime"))
	payment := s.event(t, sandbox.KindPayment)
	for range 5 {
		s.deliver(t, payment, http.StatusOK)
	}
	s.wantSum(t, conversions, "", 1)
	send := func(contentType string, body io.Reader) int {
		resp, err := s.client.Post(s.hookURL(), contentType, body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for body, want := range map[string]int{
		"": 400, "{": 400, "<x/>": 400, "a=b": 400, "null": 200, "[]": 200, "1": 200, `"x"`: 200, `{"a":1}{}`: 400, "{}": 200, `{"queue":[],"parameters":[]}`: 200,
		`{"queue":{"type":"TransactionInsert"},"parameters":null}`: 200, strings.Repeat(`{"a":`, 10_000): 400,
	} {
		if got := send("application/json", strings.NewReader(body)); got != want {
			t.Errorf("%.40q got %d, want %d", body, got, want)
		}
	}
	// The body alone decides, so that a payment is not lost to a header of which nothing is published.
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		for body, want := range map[string]int{"{}": 200, "a=b": 400} {
			if got := send(contentType, strings.NewReader(body)); got != want {
				t.Errorf("%q as %q got %d", body, contentType, got)
			}
		}
	}
	before := residentMemory(t, s.process)
	resp, err := s.client.Post(s.hookURL(), "application/json", io.LimitReader(zeros{}, 100<<20))
	if err == nil { // the server may hang up on who goes on sending
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("100 MB got %s", resp.Status)
		}
	}
	if grown := residentMemory(t, s.process) - before; grown > 32<<20 {
		t.Errorf("100 MB cost %d MiB", grown>>20)
	}
	s.wantSum(t, hooksTotal, `result="failed"`, 0)
}

// What visitors make up becomes no label, so the metrics stay as long as they are.
func TestAbuse53MetricsThatGrow(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	odd := func(i int) {
		s.click(t, "", fmt.Sprintf("/lifetime?campaign=c%d", i))
		s.visit(t, "/lifetime", bearing(fmt.Sprintf("rubbish-%d", i)), header("User-Agent", fmt.Sprint("agent ", i)))
		s.visit(t, "/lifetime", method("M"+strings.Repeat("X", i%10)), header("Sec-Fetch-Dest", fmt.Sprint("dest", i)))
		attribution := url.Values{"c": {fmt.Sprint("campaign-", i)}, "e": {fmt.Sprint("e-", i)}, "v": {fmt.Sprint("v-", i)}}.Encode()
		s.post(t, fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"%d"},"parameters":{"status":"status-%d","custom_parameters":{"checkout":%q}}}`, i, i, attribution), http.StatusOK)
		s.post(t, fmt.Sprintf(`{"queue":{"type":"Type%d"}}`, i), http.StatusOK)
	}
	series := func() int { return strings.Count(s.click(t, "", "/metrics").body, "\ncaddy_checkout_") }
	odd(0)
	s.click(t, ann, "/lifetime")
	before := series()
	for i := range 200 {
		odd(i + 1)
	}
	if after := series(); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

// Configurations come and go while shoppers click.
func TestAbuse54Reloads(t *testing.T) {
	t.Parallel()
	s := openShop(t, smallest)
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	other := strings.Replace(smallest, "link_id 123", "link_id 123\n\t\tpackage_name Pro", 1)
	var configs []string
	for _, site := range []string{other, smallest} {
		s.write(site)
		config, err := s.caddy("adapt", "--config", s.caddyfile(), "--adapter", "caddyfile")
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, config)
	}
	before := s.ownGoroutines(t)
	var ended atomic.Bool
	var shoppers sync.WaitGroup
	for worker := range 4 {
		shoppers.Go(func() {
			for i := 0; !ended.Load(); i++ {
				email := person(worker*10 + i%10)
				got, err := try(t.Context(), s.client, email, "http://"+shopHost+"/upgrade")
				if hungUp(err) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if link, known := s.zotlo.Link(got.Header.Get("Location")); !known || link.SubscriberID != email {
					t.Errorf("during a reload %s got %s and a link of %q", email, got.Status, link.SubscriberID)
				}
			}
		})
	}
	for i := range 40 {
		s.load(t, configs[i%2])
	}
	ended.Store(true)
	shoppers.Wait()
	s.wantLinkOf(t, ann, s.click(t, ann, "/upgrade"))
	eventually(t, "the goroutines of old configurations are gone", func() bool { return s.ownGoroutines(t) <= before })
	if n := s.metric(t, "caddy_checkout_requests_total", `outcome="link"`); n < 50 {
		t.Errorf("%v clicks are counted: the counts did not survive", n)
	}
}

// hungUp says that a server closed a connection before it took a request. A reload may do so, and browsers ask again.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// load posts a configuration to the admin API.
func (s *shop) load(t *testing.T, config string) {
	t.Helper()
	client := browser(t, &http.Transport{DialContext: dialTo("unix", s.adminSocket()), DisableKeepAlives: true})
	resp, err := client.Post("http://localhost/load", "application/json", strings.NewReader(config))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("load: %s %s", resp.Status, text)
	}
}

func TestAbuse55BadKeys(t *testing.T) {
	setDocumentedEnv(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	privatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	t.Setenv("SHORT", "short")
	t.Setenv("EMPTY", "")
	t.Setenv("PRIVATE_PEM", privatePEM)
	for _, tt := range [][2]string{
		{"public_key " + file("empty.pem", ""), "public_key"},
		{"public_key " + file("cut.pem", privatePEM[:40]), "public_key"},
		{"public_key " + file("private.pem", privatePEM), "public_key"},
		{"public_key " + dir + "/missing.pem", "public_key"},
		{"public_key " + dir, "public_key"},
		{"secret {env.SHORT}", "secret"},
		{"secret {env.EMPTY}", "EMPTY"},
		{"secret {env.NOBODY_HAS_SET_THIS}", "NOBODY_HAS_SET_THIS"},
		{"secret {env.PRIVATE_PEM}", "secret"},
		{"secret {env.JWT_SECRET}\njwks https://id.example.com/keys\naudience shop", "jwks"},
		{"jwks " + file("keys.json", `{"keys":[]}`) + "\naudience shop", "jwks"},
		{"jwks https://id.example.com/keys", "audience"},
		{"secret {env.JWT_SECRET}\nalgorithms none", "algorithms"},
		{"secret {env.JWT_SECRET}\nleeway 10m", "leeway"},
	} {
		refusesToLoad(t, fragment("jwt", tt[0]), tt[1])
	}
	if err := loads(fragment("jwt", "secret {env.JWT_SECRET}")); err != nil {
		t.Error(err)
	}
}

// Secrets come from the environment and stay there; one that is written down is warned of.
func TestAbuse56Secrets(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	s.wantLinkOf(t, ann, s.click(t, ann, "/lifetime"))
	s.zotlo.Fail(sandbox.BadCredentials())
	s.click(t, ben, "/lifetime")
	badReload := s.reload(strings.Replace(selling, "from cookie session", "from cookie session\n\t\t\talgorithms HS512", 1))
	if badReload == nil {
		t.Fatal("a secret that is too short for HS512 loads")
	}
	s.mustReload(t, selling)
	all := append(secrets(), hookToken)
	for where, text := range map[string]string{
		"/config/": s.admin(t, "/config/"), "autosave.json": read(t, filepath.Join(s.dir, "config", "caddy", "autosave.json")),
		"the log": s.log.String(), "the metrics": s.click(t, "", "/metrics").body, "campaigns": s.admin(t, "/checkout/campaigns"),
		"the error": badReload.Error(),
	} {
		wantNone(t, where, text, all...)
	}
	s.mustReload(t, strings.Replace(selling, "{env.HOOK_TOKEN}", "written-down-for-all-to-see", 1))
	if !s.logged("a secret stands in the configuration in clear") {
		t.Error("the operator is not warned")
	}
}

// A shopper's data are in none of the places that others read.
func TestAbuse57PersonalData(t *testing.T) {
	t.Parallel()
	s := openShop(t, strings.Replace(guarded, "\tlog\n", "\tlog {\n\t\tformat filter {\n\t\t\tresp_headers>Location delete\n\t\t\trequest>uri query {\n\t\t\t\tdelete from\n\t\t\t}\n\t\t}\n\t}\n", 1))
	personal := []string{"canary-mail@example.com", "canary-name", "+905559876543", "905559876543", "canary-sub"}
	token := tokenOf(claims(personal[0], map[string]any{"name": personal[1], "phone_number": personal[2], "sub": personal[4]}))
	phone := tokenOf(claims("", map[string]any{"email": nil, "name": personal[1], "phone_number": personal[2], "sub": personal[4]}))
	for _, text := range []string{token, phone} {
		got := s.visit(t, "/upgrade", bearing(text))
		link, known := s.zotlo.Link(got.Header.Get("Location"))
		if !known {
			t.Fatalf("no link: %s", got.Status)
		}
		personal = append(personal, link.ID, text, text[len(text)-20:])
		s.visit(t, "/upgrade", bearing(text+"x"))
		s.visit(t, "/upgrade", bearing(text), header("Accept", "application/json"))
	}
	s.zotlo.Fail(sandbox.BadRequest(sandbox.CodeSubscriberID))
	s.visit(t, "/upgrade?from=elsewhere", bearing(token))
	s.zotlo.Fail(sandbox.ServerError())
	s.visit(t, "/upgrade?from=everywhere", bearing(token))
	if !s.logged(`"checkout_outcome":"refused"`) {
		t.Error("the failure is not in the access log")
	}
	for where, text := range map[string]string{
		"the log": s.log.String(), "the metrics": s.visit(t, "/metrics").body, "campaigns": s.admin(t, "/checkout/campaigns"),
		"the stacks": s.admin(t, "/debug/pprof/goroutine?debug=2"), "the variables": s.admin(t, "/debug/vars"),
	} {
		wantNone(t, where, text, personal...)
	}
	for line := range strings.SplitSeq(s.log.String(), "\n") {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["user_id"] != nil && entry["user_id"] != "" {
			t.Errorf("Caddy's log names a user: %s", line)
		}
	}
}
