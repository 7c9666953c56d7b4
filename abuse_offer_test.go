package checkout_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/caddy-checkout/checkout/sandbox"
)

// loads reports what loading a Caddyfile says, without serving it.
func loads(caddyfile string) error {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		return err
	}
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(config, &cfg); err != nil {
		return err
	}
	return caddy.Validate(&cfg)
}

// refusesToLoad checks that a Caddyfile does not load, and that the error names what is wrong.
func refusesToLoad(t *testing.T, caddyfile string, says ...string) {
	t.Helper()
	err := loads(caddyfile)
	if err == nil {
		t.Errorf("it loads:\n%s", caddyfile)
		return
	}
	for _, word := range says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not name %q: %v", word, err)
		}
	}
}

func fragment(kind, text string) string {
	for _, r := range required[kind] {
		if !regexp.MustCompile(`(?m)^(` + r.word + `)\b`).MatchString(text) {
			text = r.line + "\n" + text
		}
	}
	return fmt.Sprintf(fragments[kind], text)
}

// Characters that end a line, turn a text around or end a JSON string arrive as text, or not at all.
func TestAbuse13ControlCharacters(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for i, evil := range []string{"\r\nSet-Cookie: a=b", "\x00", "\x1b[31m", "\u202Eevil", "\u2028", "\u0085", `","customPrice":"0.01`, "</script>", "a\tb", "\x7f"} {
		email := person(i)
		token := tokenOf(claims(email, map[string]any{"name": "Ann" + evil}))
		got := s.visit(t, "/upgrade?from="+url.QueryEscape("mail"+evil), bearing(token))
		s.wantLinkOf(t, email, got)
		requests := s.zotlo.Requests()
		call := requests[len(requests)-1]
		if call.Body["customPrice"] != nil || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q broke out", evil)
		}
		text, _ := call.Body["additionalText"].(string)
		from, _ := call.Body["customParameters"].(map[string]any)["from"].(string)
		// A parameter is for the shop's own backend: it is opaque, but for control characters.
		if strings.ContainsFunc(text, unprintable) || strings.ContainsFunc(from, unicode.IsControl) || !strings.HasPrefix(text, "Welcome, Ann") {
			t.Errorf("%q arrived as %q and %q", evil, text, from)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSpace(s.log.String()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is broken: %q", line)
		}
	}
}

func unprintable(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func TestAbuse16VisitorsPrice(t *testing.T) {
	setDocumentedEnv(t)
	for _, placeholder := range []string{
		"{query.p}", "{header.X-Price}", "{cookie.p}", "{path.0}", "{http.request.uri.query.p}", "{http.request.host}", "{vars.p}", "{http.vars.p}",
		"{http.request.header.X-Price}", "{http.regexp.p.1}", "{client_ip}", "{http.checkout.claim.price}",
	} {
		for _, word := range []string{"link_id %s", "one_time_price %s EUR 1 99", "product_image https://img.example.com/%s", "package %s", "theme %s", "layout %s", "field x %s"} {
			line := fmt.Sprintf(word, `"`+placeholder+`"`)
			name, _, _ := strings.Cut(line, " ")
			site := "\nshop.example.com {\n\tcheckout_link /upgrade example {\n\t\tjwt {\n\t\t\tsecret {env.JWT_SECRET}\n\t\t\tfrom cookie session\n\t\t}\n\t}\n}\n"
			refusesToLoad(t, fragment("campaign", line)+site, name)
		}
	}
}

// What is configured is sold, whatever the visitor adds.
func TestAbuse16VisitorsQuery(t *testing.T) {
	t.Parallel()
	s := openShop(t, selling, "HOOK_TOKEN="+hookToken)
	s.wantLinkOf(t, ann, s.click(t, ann, "/lifetime?price=0.01&customPrice=0.01&link_id=999&checkoutLinkId=999&customCurrency=TRY&variant=cheaper"))
	link := s.zotlo.Links()[0]
	if link.CheckoutLinkID != "123" || link.CustomCurrency != "EUR" || link.CustomPrice != "19.99" && link.CustomPrice != "14.99" {
		t.Errorf("sold %s for %s %s", link.CheckoutLinkID, link.CustomPrice, link.CustomCurrency)
	}
}

func TestAbuse17PlaceholdersFromVisitors(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for i, text := range []string{"{env.JWT_SECRET}", "{file./etc/hostname}", "{env.ZOTLO_ACCESS_SECRET}", "{system.hostname}", "{{env.JWT_SECRET}}", "{http.checkout.claim.email}"} {
		email := person(i)
		token := tokenOf(claims(email, map[string]any{"name": text}))
		s.wantLinkOf(t, email, s.visit(t, "/upgrade?from="+url.QueryEscape(text), bearing(token)))
		links := s.zotlo.Links()
		link := links[len(links)-1]
		if got := link.CustomParameters["from"]; got != text {
			t.Errorf("%q of a query arrived as %q", text, got)
		}
		if want := "Welcome, " + text; link.AdditionalText != want {
			t.Errorf("%q of a claim arrived as %q", text, link.AdditionalText)
		}
	}
	for _, call := range s.zotlo.Requests() {
		wantNone(t, "a call's body", string(call.Raw), jwtSecret, sandbox.DefaultAccessSecret)
	}
}

func TestAbuse18OddPrices(t *testing.T) {
	setDocumentedEnv(t)
	for _, price := range []string{
		"1e2 EUR", "-1 EUR", "NaN EUR", "Inf EUR", "1,00 EUR", "０.５ EUR", strings.Repeat("9", 40) + " EUR", "0 EUR", "0.00 EUR", "1.999 EUR", "+1 EUR", ".5 EUR",
		"1. EUR", "0x10 EUR", "1_0 EUR", `"1 0" EUR`, "9.99", "9.99 EURO", "9.99 eur", "9.99 XXX", "9.99 EUR 1", "EUR 9.99",
		"{http.reverse_proxy.header.X-Price} EUR", "{http.reverse_proxy.header.X-Price} EUR 99 1",
	} {
		refusesToLoad(t, fragment("campaign", "one_time_price "+price), "one_time_price")
	}
	refusesToLoad(t, fragment("campaign", "field customPrice 0.01"), "customPrice")
	if err := loads(fragment("campaign", "one_time_price 9.99 EUR")); err != nil {
		t.Error(err)
	}
}

// With a price set, Zotlo sells a one-time payment. One that comes back as a subscription is noticed.
func TestAbuse19PriceOnASubscription(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	s.zotlo.HoldWebhooks()
	s.pay(t, s.sold(t, ann, "/lifetime"))
	body := strings.Replace(string(s.event(t, sandbox.KindPayment).Body), `"payment_type":"consumable"`, `"payment_type":"subscription"`, 1)
	if !strings.Contains(body, "subscription") {
		t.Fatalf("no payment_type in %s", body)
	}
	s.post(t, body, http.StatusOK)
	s.wantSum(t, "caddy_checkout_mismatches_total", `campaign="lifetime",kind="payment_type"`, 1)
	s.wantSum(t, "caddy_checkout_mismatches_total", "", 1)
}

// post sends a webhook of one's own making, with the right token.
func (s *shop) post(t *testing.T, body string, want int) {
	t.Helper()
	resp, err := s.client.Post(s.hookURL(), "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("the webhook got %s, want %d", resp.Status, want)
	}
}

func TestAbuse20ForwardedAddresses(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for i, name := range []string{"X-Forwarded-For", "Forwarded", "CF-Connecting-IP", "X-Real-IP", "X_Forwarded_For", "True-Client-IP", "Client-IP"} {
		value := "203.0.113.9"
		if name == "Forwarded" {
			value = "for=" + value
		}
		s.wantLinkOf(t, person(i), s.visit(t, "/upgrade", as(person(i)), header(name, value)))
	}
	for _, link := range s.zotlo.Links() {
		if link.SubscriberIPAddress != "127.0.0.1" {
			t.Errorf("the address sent is %s", link.SubscriberIPAddress)
		}
	}
	if !s.logged("its peer is no trusted proxy") {
		t.Error("the operator is not warned")
	}
}

// behindProxy is the guarded site behind a proxy that may say who the client is.
var behindProxy = strings.Replace(guarded, "{"+private, "{"+private+"\tservers {\n\t\ttrusted_proxies static 127.0.0.1/32\n\t\ttrusted_proxies_strict\n\t}\n", 1)

func from(ip string) with { return header("X-Forwarded-For", ip) }

func TestAbuse22LinkOfAnotherCountry(t *testing.T) {
	t.Parallel()
	s := openShop(t, behindProxy)
	for i, ip := range []string{"203.0.113.9", "198.51.100.9", "2001:db8:1::1", "2001:db8:2::1", "::ffff:192.0.2.1"} {
		for range 2 {
			s.wantLinkOf(t, ann, s.visit(t, "/upgrade", as(ann), from(ip)))
		}
		s.wantCalls(t, i+1)
	}
	s.visit(t, "/upgrade", as(ann), from("2001:db8:1::2")) // the same line
	s.visit(t, "/upgrade", as(ann), from("192.0.2.1"))     // the same address
	s.wantCalls(t, 5)
	var sent []string
	for _, link := range s.zotlo.Links() {
		sent = append(sent, link.SubscriberIPAddress)
	}
	if got := fmt.Sprint(sent); got != "[203.0.113.9 198.51.100.9 2001:db8:1::1 2001:db8:2::1 192.0.2.1]" {
		t.Errorf("sent %s", got)
	}
}

func TestAbuse23InventedLanguages(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for i := range 200 {
		s.wantLinkOf(t, ann, s.visit(t, "/upgrade", as(ann), header("Accept-Language", fmt.Sprintf("x%c-%d, q%d;q=0.%d", 'a'+i%26, i, i, i%10))))
	}
	s.wantCalls(t, 1)
	for _, language := range []string{"tr-TR", "TR;q=0.5, xx", "de-AT,de;q=0.9"} {
		s.visit(t, "/upgrade", as(ann), header("Accept-Language", language))
	}
	s.wantCalls(t, 3)
	// What a link is made from beyond the language is bounded by what one subscriber may have made.
	limited := 0
	for i := range 30 {
		if s.visit(t, fmt.Sprintf("/upgrade?from=%d", i), as(ben)).StatusCode == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 15 {
		t.Errorf("only %d of 30 were refused", limited)
	}
}

// The module adds no identity to what a backend gets, and believes none that a visitor sends.
func TestAbuse67IdentityHeaders(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	site := strings.Replace(guarded, "\tmetrics /metrics\n", "\tcheckout_offer /page pro\n\treverse_proxy /page "+b.Listener.Addr().String()+"\n"+
		"\tcheckout_link /named {http.reverse_proxy.header.X-Checkout-Campaign}\n", 1)
	s := openShop(t, site)
	s.visit(t, "/page", as(ann), header("User-Agent", "a browser"))
	added := b.received()[0].Header.Clone()
	for _, name := range []string{"Cookie", "User-Agent", "Accept-Encoding", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via"} {
		added.Del(name)
	}
	if len(added) != 0 {
		t.Errorf("the backend got %v as well", added)
	}
	for _, name := range []string{"X-Checkout-Campaign", "X_Checkout_Campaign", "x-checkout-campaign"} {
		if got := s.visit(t, "/named", as(ann), header(name, "pro")); got.Header.Get("Location") != "" {
			t.Errorf("%s of a visitor chose a campaign", name)
		}
	}
	s.wantCalls(t, 0)
}

func TestAbuse70MarkupInTexts(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	evil := `<script>alert("x")</script> & <img src=x onerror=alert(1)> \ ` + "`"
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(tokenOf(claims(ann, map[string]any{"name": evil})))))
	long := strings.Repeat("Ann ", 200)
	s.wantLinkOf(t, ben, s.visit(t, "/upgrade?from="+strings.Repeat("x", 300), bearing(tokenOf(claims(ben, map[string]any{"name": long})))))
	links := s.zotlo.Links()
	if text := links[0].AdditionalText; strings.ContainsAny(text, "<>\"&\\`") || !strings.Contains(text, "script") {
		t.Errorf("sent %q", text)
	}
	if n := utf8.RuneCountInString(links[1].AdditionalText); n != 250 {
		t.Errorf("a text of %d characters was sent", n)
	}
	if from, sent := links[1].CustomParameters["from"]; sent {
		t.Errorf("a parameter of 300 characters was sent: %v", from)
	}
	refusesToLoad(t, fragment("campaign", "custom_parameter checkout mine"), "checkout")
}
