package sandbox_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// salesURL is the page of all sales, salePage that of one.
func (s *harness) salesURL() string { return s.url + sandbox.DoorPath }

func (s *harness) salePage(t *testing.T, p sandbox.Payment) string {
	t.Helper()
	status, page, _ := s.get(t, s.salesURL()+"sales/"+p.TransactionID)
	if status != http.StatusOK {
		t.Fatalf("the page of a sale answers %d\n%s", status, page)
	}
	return page
}

// pressOn presses a button of a page: it finds the form by its label, sends what
// the form holds and what was typed, and returns where that leads.
func (s *harness) pressOn(t *testing.T, from, label, typed string) (int, string) {
	t.Helper()
	_, page, _ := s.get(t, from)
	at := strings.Index(page, ">"+label+"</button>")
	if at < 0 {
		t.Fatalf("%s has no button %q", from, label)
	}
	form := page[strings.LastIndex(page[:at], "<form"):at]
	button := form[strings.LastIndex(form, "<button"):]
	action := regexp.MustCompile(`^<form[^>]* action="([^"]*)"`).FindStringSubmatch(form)[1]
	if m := regexp.MustCompile(`formaction="([^"]*)"`).FindStringSubmatch(button); m != nil {
		action = m[1]
	}
	var sent []string
	hidden := regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`)
	for _, m := range hidden.FindAllStringSubmatch(form, -1) {
		sent = append(sent, m[1]+"="+m[2])
	}
	named := regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`)
	if m := named.FindStringSubmatch(button); m != nil {
		sent = append(sent, m[1]+"="+m[2])
	}
	to := follow(t, from, http.Header{"Location": {action}})
	status, body, header := s.press(t, to, strings.Join(append(sent, typed), "&"))
	if status == http.StatusSeeOther {
		return status, follow(t, to, header)
	}
	return status, body
}

// The buttons of a sale do what the methods do, and lead back to its page.
func TestButtonsOfASale(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	page := s.salesURL() + "sales/" + p.TransactionID
	for _, step := range []struct{ label, typed, heard string }{
		{"Cancel", "", "status cancel passive"},
		{"Take it back", "", "status reactivate active"},
		{"Pause 30 days", "", "status freeze active"},
		{"Come back", "", "status unfreeze active"},
		{"Charge fails: grace", "", "status activeToGrace grace"},
		{"Grace: charge works", "", "payment renewal 9.99,status graceToActive active"},
		{"Renew", "", "payment renewal 9.99,status renewal active"},
		{
			"Upgrade now", "package=team&price=29.00&currency=EUR",
			"payment renewal 29.00,status package_update active",
		},
		{"Downgrade later", "package=lite&price=&currency=", "status package_update active"},
		{"One-time product", "package=book&price=5.00&currency=EUR", "payment consumable 5.00"},
		{
			"Subscription beside it", "package=&price=&currency=",
			"payment start_paid 9.99,status newSubscriber active",
		},
		{"Refund", "amount=2.00", "refund start_paid 9.99"},
		{"Refund", "amount=", "refund start_paid 9.99"},
		{"Expire", "", "status graceToPassive passive"},
	} {
		status, to := s.pressOn(t, page, step.label, step.typed)
		if status != http.StatusSeeOther || to != page {
			t.Errorf("%s: %d to %s", step.label, status, to)
		}
		var got []string
		for _, body := range hooks.received() {
			got = append(got, summary(t, body))
		}
		if strings.Join(got, ",") != step.heard {
			t.Errorf("%s: heard %q, want %s", step.label, got, step.heard)
		}
	}
	for label, want := range map[string]int{
		"Cancel now": 409, "Refund": 409, "Charge-back by the bank": 409,
	} {
		if status, said := s.pressOn(t, page, label, ""); status != want ||
			!strings.Contains(said, "That cannot be done") ||
			!strings.Contains(said, `href="sales/`+p.TransactionID+`"`) {
			t.Errorf("%s: %d\n%s", label, status, said)
		}
	}
}

func TestPageOfAllSales(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	if _, page, _ := s.get(t, s.salesURL()); !strings.Contains(page, "Nothing so far") ||
		!strings.Contains(page, "None so far") {
		t.Errorf("the empty page:\n%s", page)
	}
	p := subscribe(t, s, hooks, sandbox.Trial(), sandbox.As(`<b>"ada"</b>@example.com`))
	renew(t, s, p)
	once := mustPay(t, s, s.link(t, fields{
		"subscriberId": "bob@example.com", "customPrice": "5", "customCurrency": "EUR",
	}), sandbox.InTestMode())
	refundPart(t, s, once, "1.50")
	ok(t, s.Cancel(p.TransactionID))
	_, page, header := s.get(t, s.salesURL())
	rows := regexp.MustCompile(`<a href="(sales/[A-Z2-7]+)">([^<]*)</a>`)
	var got []string
	for _, m := range rows.FindAllStringSubmatch(page, -1) {
		got = append(got, m[2])
		if status, _, _ := s.get(t, s.salesURL()+m[1]); status != 200 {
			t.Errorf("%s leads to %d", m[1], status)
		}
	}
	ada := "&lt;b&gt;&#34;ada&#34;&lt;/b&gt;@example.com"
	if diff := cmp.Diff([]string{"bob@example.com", ada, ada}, got); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		"trial_to_paid, 14 Mar 2026 12:00", ">cancelled<", ">one-time<", ">test mode<",
		"5.00 EUR", "1.50 refunded", " delivered.",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if header.Get("Cache-Control") != "no-store" ||
		!strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("header %v", header)
	}
	if status, page, _ := s.get(t, s.salesURL()+"sales/none"); status != 404 ||
		!strings.Contains(page, "No such sale") {
		t.Errorf("an unknown sale answers %d", status)
	}
}

func TestWebhookButtons(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	s.pressOn(t, s.salesURL(), "Lose the next", "")
	s.pressOn(t, s.salesURL(), "Hold back", "")
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	told(t, hooks)
	status, to := s.pressOn(t, s.salesURL(), "Release", "")
	if status != 303 || to != s.salesURL() {
		t.Errorf("Release: %d to %s", status, to)
	}
	told(t, hooks, "status newSubscriber active", "registration ada@example.com")
	page := s.salesURL() + "sales/" + p.TransactionID
	if status, to := s.pressOn(t, page, "Send", ""); status != 303 || to != page {
		t.Errorf("Send: %d to %s", status, to)
	}
	told(t, hooks, "registration ada@example.com") // the newest stands first
	if html := s.salePage(t, p); !strings.Contains(html, "lost, 0 tries") ||
		!strings.Contains(html, "delivered, 2 tries") {
		t.Errorf("the webhooks of the sale:\n%s", html)
	}
}

func TestQuantityAndDiscountOnThePage(t *testing.T) {
	s := open(t, sandbox.Config{Doubts: sandbox.Doubts{RefuseSecond: true}})
	url := s.link(t, fields{"subscriberId": "ada@example.com"})
	s.press(t, url+"/pay", "quantity=3&coupon=TEN&percent=10&recurring=yes")
	p := s.Payments()[0]
	want := []string{"start_paid 26.97 USD, each of 3 9.99, TEN"}
	if diff := cmp.Diff(want, bills(p)); diff != "" {
		t.Error(diff)
	}
	renew(t, s, p)
	if got := s.Payments()[1].Price; got != "26.97" {
		t.Errorf("renewed for %s", got)
	}
	_, receipt, _ := s.get(t, url+"/receipt")
	if !strings.Contains(receipt, "3 × Pro") ||
		!strings.Contains(receipt, `href="../../_sandbox/sales/`+p.TransactionID+`"`) {
		t.Errorf("the receipt:\n%s", receipt)
	}
	again := s.link(t, fields{"subscriberId": "ada@example.com"})
	if status, page, _ := s.press(t, again+"/pay", ""); status != 422 ||
		!strings.Contains(page, "running subscription") {
		t.Errorf("a second one: %d\n%s", status, page)
	}
}
