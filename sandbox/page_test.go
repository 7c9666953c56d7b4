package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestPageEscapesEverything(t *testing.T) {
	s := open(t, sandbox.Config{})
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	_, page, _ := s.get(t, s.link(t, fields{
		"subscriberId": `"><script>alert(1)</script>@example.com`,
		"packageName":  evil, "additionalText": evil, "title": evil, "description": evil,
		"buttonText": evil, "checkoutLinkId": evil,
		"productImage":     `https://127.0.0.1/"><script>alert(1)</script>`,
		"customParameters": map[string]any{evil: evil}, evil: evil,
	}))
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img src=x") ||
		strings.Contains(page, `"><script`) {
		t.Errorf("markup got through:\n%s", page)
	}
	if n := strings.Count(page, "&lt;script&gt;alert(1)"); n < 9 {
		t.Errorf("only %d of the texts are shown", n)
	}
}

func TestButtons(t *testing.T) {
	s := open(t, sandbox.Config{SuccessURL: "https://shop.example.com/account"})
	url := s.link(t, fields{"subscriberId": "ada@example.com"})

	status, _, header := s.press(t, url+"/fail", "")
	if status != http.StatusSeeOther || follow(t, url+"/fail", header) != url {
		t.Errorf("Fail answers %d to %q", status, header.Get("Location"))
	}
	_, declined, _ := s.get(t, url)
	if !strings.Contains(declined, `role="alert">The payment was declined`) {
		t.Errorf("the page does not tell of the failure:\n%s", declined)
	}

	status, _, header = s.press(t, url+"/pay", "trial=yes")
	receipt := follow(t, url+"/pay", header)
	if status != http.StatusSeeOther || receipt != url+"/receipt" {
		t.Errorf("Pay answers %d to %q", status, header.Get("Location"))
	}
	status, page, _ := s.get(t, receipt)
	if status != 200 || !strings.Contains(page, "0.00 USD") ||
		!strings.Contains(page, `href="https://shop.example.com/account"`) {
		t.Errorf("receipt: %d\n%s", status, page)
	}
	if got := s.Payments(); len(got) != 1 || got[0].Status != sandbox.StatusTrial ||
		got[0].SubscriberID != "ada@example.com" {
		t.Errorf("payments: %+v", got)
	}

	// The back button, and a second press.
	if status, page, _ := s.get(t, url); status != 410 || !strings.Contains(page, "is paid") {
		t.Errorf("a paid link answers %d\n%s", status, page)
	}
	for _, action := range []string{"pay", "fail", "expire"} {
		if status, _, _ := s.press(t, url+"/"+action, ""); status != 410 {
			t.Errorf("%s on a paid link answers %d", action, status)
		}
	}
	if l, _ := s.Link(url); l.State != sandbox.Paid || l.Declined != 1 || len(s.Payments()) != 1 {
		t.Errorf("the dead link changed: %+v", l)
	}

	short := s.link(t, nil)
	if status, _, header := s.press(t, short+"/expire", ""); status != 303 ||
		follow(t, short+"/expire", header) != short {
		t.Errorf("Expire answers %d to %q", status, header.Get("Location"))
	}
	if status, page, _ := s.get(t, short); status != 410 || s.state(t, short) != sandbox.Expired ||
		!strings.Contains(page, "purge") {
		t.Errorf("an expired link answers %d\n%s", status, page)
	}
}

func TestGuestSaysWhoPays(t *testing.T) {
	s := open(t, sandbox.Config{})
	url := s.link(t, nil)
	if _, page, _ := s.get(t, url); !strings.Contains(page, "required") {
		t.Error("the page does not ask who pays")
	}
	if status, page, _ := s.press(t, url+"/pay", ""); status != 422 ||
		!strings.Contains(page, "Please say who pays") {
		t.Errorf("nobody pays: %d\n%s", status, page)
	}
	if status, page, _ := s.press(t, url+"/pay", "subscriber=%3Cb%3E"); status != 422 ||
		!strings.Contains(page, `value="&lt;b&gt;"`) {
		t.Errorf("nonsense pays: %d\n%s", status, page)
	}
	if status, _, _ := s.press(t, url+"/pay", "subscriber=bob%40example.com"); status != 303 {
		t.Errorf("Bob pays: %d", status)
	}
	if got := s.Payments(); len(got) != 1 || got[0].SubscriberID != "bob@example.com" {
		t.Errorf("payments: %+v", got)
	}
}

func TestPageRefusals(t *testing.T) {
	s := open(t, sandbox.Config{})
	url := s.link(t, nil)
	tests := []struct {
		method, url string
		status      int
		allow       string
	}{
		{"GET", s.url + "/pay/nothing", 404, ""},
		{"GET", s.url + "/pay/", 404, ""},
		{"GET", url + "/receipt", 404, ""},
		{"GET", url + "/elsewhere", 404, ""},
		{"POST", s.url + "/pay/nothing/pay", 404, ""},
		{"POST", url, 405, "GET, HEAD"},
		{"GET", url + "/pay", 405, "POST"},
		{"HEAD", url, 200, ""},
	}
	for _, tt := range tests {
		status, _, header := s.browse(t, tt.method, tt.url, "")
		if status != tt.status || header.Get("Allow") != tt.allow {
			t.Errorf("%s %s answers %d, Allow %q", tt.method, tt.url, status, header.Get("Allow"))
		}
	}
	if st := s.state(t, url); st != sandbox.Open {
		t.Errorf("looking changed the link: %s", st)
	}
	if s.Calls() != 1 {
		t.Errorf("pages count as %d calls", s.Calls()-1)
	}
}

// follow resolves a Location as a browser does.
func follow(t *testing.T, from string, header http.Header) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, from, nil)
	if err != nil {
		t.Fatal(err)
	}
	to, err := r.URL.Parse(header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return to.String()
}
