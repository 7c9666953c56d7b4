package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// do sends a command through the door, and reads the answer into result.
func (s *harness) do(t *testing.T, command, body string, result any) (status int, said string) {
	t.Helper()
	return s.knock(t, http.MethodPost, command, body, result, nil)
}

// look reads one of the door's lists.
func (s *harness) look(t *testing.T, list string, result any) {
	t.Helper()
	if status, said := s.knock(t, http.MethodGet, list, "", result, nil); status != 200 {
		t.Fatalf("%s: %d %s", list, status, said)
	}
}

func (s *harness) knock(
	t *testing.T, method, path, body string, result any, change func(*http.Request),
) (status int, said string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+sandbox.DoorPath+path,
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(r)
	}
	res, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if result != nil {
		if err := json.Unmarshal(raw, result); err != nil {
			t.Fatalf("%s: %v in %s", path, err, raw)
		}
	}
	return res.StatusCode, string(raw)
}

// bookKeeping is what the door says was sold.
type bookKeeping struct {
	Payments      []sandbox.Payment
	Refunds       []sandbox.Refund
	Subscriptions []sandbox.SubscriptionState
}

// A script can sell, change and look without a line of Go.
func TestAWholeStoryThroughTheDoor(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	link := s.link(t, fields{"subscriberId": "ada@example.com"})
	var links []struct{ URL, State string }
	if s.look(t, "links", &links); len(links) != 1 || links[0].URL != link ||
		links[0].State != "open" {
		t.Fatalf("links %+v", links)
	}
	var p sandbox.Payment
	if status, said := s.do(t, "pay", `{"link": "`+link+`", "trial": true, "quantity": 2,
		"coupon": "TEN", "percent": 10, "recurring": true}`, &p); status != 200 {
		t.Fatalf("pay: %d %s", status, said)
	}
	transaction := `{"transaction": "` + p.TransactionID + `"`
	told(t, hooks, "payment trial 0.00", "status newSubscriber active",
		"registration ada@example.com")
	for _, step := range []struct{ command, more, heard string }{
		{"renew", "", "payment trial_to_paid 17.98,status renewal active"},
		{"fail-renewal", "", "status activeToGrace grace"},
		{"recover", "", "payment renewal 17.98,status graceToActive active"},
		{"cancel", "", "status cancel passive"},
		{"reactivate", "", "status reactivate active"},
		{"pause", `, "for": "240h"`, "status freeze active"},
		{"resume", "", "status unfreeze active"},
		{
			"downgrade", `, "package": "lite", "price": "4.99"`,
			"status package_update active",
		},
		{
			"upgrade", `, "package": "team", "price": "29.00", "currency": "EUR", "quantity": 1`,
			"payment renewal 26.10,status package_update active",
		},
		{
			"upsell", `, "package": "book", "price": "5.00", "one_time": true`,
			"payment consumable 5.00",
		},
		{"refund", `, "amount": "0.00"`, ""},
		{"status", `, "event": "somethingNew"`, "status somethingNew active"},
		{"cancel", `, "now": true`, "status cancel passive"},
	} {
		_, said := s.do(t, step.command, transaction+step.more+"}", nil)
		var got []string
		for _, body := range hooks.received() {
			got = append(got, summary(t, body))
		}
		if strings.Join(got, ",") != step.heard {
			t.Errorf("%s: heard %q, want %s; said %s", step.command, got, step.heard, said)
		}
	}
	var b bookKeeping
	s.look(t, "books", &b)
	if diff := cmp.Diff(s.Payments(), b.Payments); diff != "" || len(b.Payments) != 5 {
		t.Errorf("%d payments, %s", len(b.Payments), diff)
	}
	last := b.Payments[3].TransactionID
	for command, want := range map[string]string{
		`refund {"transaction": "` + last + `", "amount": "6.10"}`: "6.10",
		`charge-back {"transaction": "` + p.TransactionID + `"}`:   "0.00",
	} {
		name, body, _ := strings.Cut(command, " ")
		var after sandbox.Payment
		if s.do(t, name, body, &after); after.RefundedPrice != want {
			t.Errorf("%s: %+v", command, after)
		}
	}
	s.look(t, "books", &b)
	if diff := cmp.Diff(s.Subscriptions(), b.Subscriptions); diff != "" || len(b.Refunds) != 2 ||
		b.Subscriptions[0].Status != "passive" {
		t.Errorf("%+v, %s", b, diff)
	}
}

func TestWebhooksThroughTheDoor(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	s.do(t, "hold", "", nil)
	s.do(t, "lose", `{"count": 1}`, nil)
	link := s.link(t, fields{"subscriberId": "ada@example.com"})
	s.do(t, "pay", `{"link": "`+link+`"}`, nil)
	told(t, hooks)
	var tried struct{ Tried int }
	if s.do(t, "release", "", &tried); tried.Tried != 2 {
		t.Errorf("%+v", tried)
	}
	told(t, hooks, "status newSubscriber active", "registration ada@example.com")
	var list []struct {
		ID, Kind, State string
		Answers         []int
		Body            struct{ Queue struct{ RequestID string } }
	}
	if s.look(t, "webhooks", &list); len(list) != 3 || list[0].State != "lost" ||
		list[0].Kind != "payment" || list[0].Body.Queue.RequestID != list[0].ID ||
		!cmp.Equal(list[1].Answers, []int{200}) {
		t.Fatalf("%+v", list)
	}
	for _, body := range []string{
		`{"webhook": "` + list[0].ID + `"}`, `{"webhook": "` + list[0].ID + `", "copy": true}`,
	} {
		var sent struct{ Status int }
		if s.do(t, "send", body, &sent); sent.Status != 200 {
			t.Errorf("%s: %+v", body, sent)
		}
	}
	told(t, hooks, "payment start_paid 9.99", "payment start_paid 9.99")
	if status, _ := s.do(t, "post", `{"lose": 100}`, nil); status != 200 {
		t.Errorf("post answers %d", status)
	}
	s.do(t, "expire-link", `{"link": "`+s.link(t, nil)+`"}`, nil)
	s.do(t, "decline", `{"link": "`+s.link(t, nil)+`"}`, nil)
	if l := s.Links(); l[1].State != sandbox.Expired || l[2].Declined != 1 {
		t.Errorf("links: %+v", l[1:])
	}
}

// Sales of the past are made by a clock that is put back.
func TestClockAndDoubtsThroughTheDoor(t *testing.T) {
	s := open(t, sandbox.Config{})
	link := s.link(t, fields{"subscriberId": "ada@example.com"})
	var at struct{ Now time.Time }
	if s.do(t, "shift", `{"by": "-9600h"}`, &at); !at.Now.Equal(noon.Add(-400 * day)) {
		t.Errorf("now it is %s", at.Now)
	}
	s.do(t, "pay", `{"link": "`+link+`"}`, nil)
	s.do(t, "shift", `{"by": "0s"}`, nil)
	if p := s.Payments()[0]; !p.At.Equal(noon.Add(-400 * day)) {
		t.Errorf("paid %s", p.At)
	}
	var d sandbox.Doubts
	s.do(t, "doubts", `{"export_after": "3h", "export_end": "missing"}`, nil)
	s.look(t, "doubts", &d)
	want := sandbox.Doubts{ExportAfter: sandbox.Span(3 * time.Hour), ExportEnd: "missing"}
	if diff := cmp.Diff(want, d); diff != "" || s.Doubts() != want {
		t.Error(diff)
	}
	if s.do(t, "doubts", `{}`, nil); s.Doubts() != (sandbox.Doubts{}) {
		t.Errorf("%+v", s.Doubts())
	}
}

func TestFaultsThroughTheDoor(t *testing.T) {
	s := open(t, sandbox.Config{})
	s.do(t, "fail", `{"part": "reads", "path": "/v1/reports", "status": 429, "code": 429990,
		"retry_after": "3"}`, nil)
	s.do(t, "fail", `{"part": "one-link", "times": 1, "status": 500, "code": 500000}`, nil)
	if out := s.read(t, payments); out.status != 429 || out.header.Get("Retry-After") != "3" {
		t.Errorf("the export answers %d", out.status)
	}
	if out := s.read(t, sandbox.TransactionDetailPath); out.status != 400 {
		t.Errorf("detail answers %d", out.status)
	}
	refused(t, s.call(t, ask(nil)), 500, sandbox.CodeServer)
	s.link(t, nil)
	s.do(t, "fail", `{"part": "reads", "cut": true}`, nil)
	if out := s.read(t, sandbox.TransactionDetailPath); out.err == nil {
		t.Error("the body is whole")
	}
	s.do(t, "heal", "", nil)
	if out := s.read(t, payments); out.status != 200 {
		t.Errorf("healed, the export answers %d", out.status)
	}
}

func TestDoorRefusals(t *testing.T) {
	s := open(t, sandbox.Config{})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	of := func(more string) string {
		return `{"transaction": "` + p.TransactionID + `"` + more + `}`
	}
	form := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	pressed := func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	foreign := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	named := func(r *http.Request) { r.Host = "shop.example.com" }
	tests := []struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		says               string
	}{
		{"POST", "nothing", "{}", nil, 404, "no such command"},
		{"GET", "nothing", "", nil, 404, "no such list"},
		{"PUT", "doubts", "{}", nil, 405, ""},
		{"POST", "renew", of(""), form, 415, "must be JSON"},
		{"POST", "doubts", "", pressed, 415, "must be JSON"},
		{"POST", "renew", of(""), foreign, 403, ""},
		{"POST", "renew", of(""), named, 403, ""},
		{"GET", "books", "", named, 403, ""},
		{"POST", "renew", "{", nil, 400, "wrong members"},
		{"POST", "renew", "[]", nil, 400, "wrong members"},
		{"POST", "renew", of("") + "{}", nil, 400, "something follows"},
		{"POST", "renew", of(`, "link": "x"`), nil, 400, `no \"link\" here`},
		{"POST", "renew", of(`, "quantity": "2"`), nil, 400, "wrong members"},
		{"POST", "renew", `{"transaction": "none"}`, nil, 404, "unknown payment"},
		{"POST", "pay", `{"link": "none"}`, nil, 404, "unknown link"},
		{"POST", "pay", `{"link": "` + p.LinkURL + `"}`, nil, 409, "link is paid"},
		{"POST", "pay", `{"link": "` + s.link(t, nil) + `"}`, nil, 400, "say who pays"},
		{"POST", "refund", of(`, "amount": "10"`), nil, 400, "a part to refund"},
		{"POST", "upsell", of(`, "price": "free"`), nil, 400, "price must be"},
		{"POST", "upgrade", of(`, "currency": "Euro"`), nil, 400, "currency must be"},
		{"POST", "downgrade", of(`, "period": "soon"`), nil, 400, "period must be"},
		{"POST", "pause", of(`, "for": "-1h"`), nil, 400, "duration such as 3h"},
		{"POST", "shift", `{"by": "soon"}`, nil, 400, "by must be"},
		{"POST", "post", `{"lose": 200}`, nil, 400, "of a hundred"},
		{"POST", "send", `{"webhook": "none"}`, nil, 404, "unknown event"},
		{"POST", "fail", `{"part": "all"}`, nil, 400, "one-link or reads"},
		{"POST", "fail", `{"part": "reads", "status": 99}`, nil, 400, "status must be"},
		{"POST", "fail", `{"part": "reads", "path": "/", "times": 1}`, nil, 400, "exclude"},
		{"POST", "doubts", `{"export_ends": "no"}`, nil, 400, "unknown field"},
		{"POST", "doubts", `{"export_end": "no"}`, nil, 400, "does not exist"},
	}
	for _, tt := range tests {
		status, said := s.knock(t, tt.method, tt.path, tt.body, nil, tt.change)
		if status != tt.status || !strings.Contains(said, tt.says) {
			t.Errorf("%s %s %s: %d %s, want %d %s", tt.method, tt.path, tt.body, status, said,
				tt.status, tt.says)
		}
	}
	if n := len(s.Payments()); n != 1 {
		t.Errorf("%d payments after all that", n)
	}
}

// Without a network there is no other machine.
func TestDoorThroughTransport(t *testing.T) {
	s := sandbox.New(sandbox.Config{})
	client := &http.Client{Transport: s.Transport()}
	res, err := client.Get("https://api.zotlo.com" + sandbox.DoorPath + "books")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", res, err)
	}
	res.Body.Close()
}

// Each command that the help names is one, and each doubt is in it.
func TestHelpOfTheDoor(t *testing.T) {
	s := open(t, sandbox.Config{})
	help := sandbox.DoorHelp()
	paths := regexp.MustCompile(`(GET|POST) /_sandbox/([a-z-]*)`).FindAllStringSubmatch(help, -1)
	if len(paths) < 30 {
		t.Errorf("%d lines of help:\n%s", len(paths), help)
	}
	for _, m := range paths {
		if status, said := s.knock(t, m[1], m[2], "", nil, nil); status == 404 &&
			strings.Contains(said, "there is no such") {
			t.Errorf("%s %s: %s", m[1], m[2], said)
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 91 {
			t.Errorf("a long line of help: %s", line)
		}
	}
	source, err := os.ReadFile("doubts.go")
	if err != nil {
		t.Fatal(err)
	}
	member := regexp.MustCompile(`json:"([a-z_]+),`)
	for _, m := range member.FindAllStringSubmatch(string(source), -1) {
		if !strings.Contains(help, m[1]) {
			t.Errorf("the help does not name %s", m[1])
		}
	}
}
