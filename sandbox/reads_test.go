package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// read asks the sandbox as a client does. The query is a list of names and
// values.
func (s *harness) read(t *testing.T, path string, query ...string) reply {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return s.readWith(t, path+"?"+values.Encode(), nil)
}

func (s *harness) readWith(t *testing.T, path string, change func(*http.Request)) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("AccessKey", sandbox.DefaultAccessKey)
	r.Header.Set("AccessSecret", sandbox.DefaultAccessSecret)
	if change != nil {
		change(r)
	}
	out, err := send(s.client, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var exports = []string{
	sandbox.PaymentsExportPath, sandbox.RefundsExportPath, sandbox.SubscriptionsExportPath,
}

func TestReadsThatAreRefused(t *testing.T) {
	s := open(t, sandbox.Config{})
	id := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"})).TransactionID
	detail := sandbox.TransactionDetailPath
	post := func(r *http.Request) { r.Method = http.MethodPost }
	keyless := func(r *http.Request) { r.Header.Del("AccessKey") }
	for _, path := range append(exports, detail) {
		refused(t, s.readWith(t, path, post), 404, sandbox.CodeEndpoint)
		refused(t, s.readWith(t, path, keyless), 401, sandbox.CodeCredentials)
		refused(t, s.readWith(t, path+"?a=%zz", nil), 400, sandbox.CodeInventedQuery)
		refused(t, s.readWith(t, path+"?a=1&a=2", nil), 400, sandbox.CodeInventedQuery)
		refused(t, s.readWith(t, path+"/", nil), 404, sandbox.CodeEndpoint)
	}
	const query, unknown = sandbox.CodeInventedQuery, sandbox.CodeInventedTransaction
	refused(t, s.read(t, detail), 400, query)
	refused(t, s.read(t, detail, "transactionId", id, "isSandbox", "yes"), 400, query)
	refused(t, s.read(t, detail, "transactionId", id, "isSandbox", "true"), 400, unknown)
	refused(t, s.read(t, detail, "transactionId", "none"), 400, unknown)
	for _, path := range exports {
		for _, q := range [][]string{
			{"limit", "0"},
			{"limit", "101"},
			{"limit", "50?"},
			{"limit", ""},
			{"start_date", "2026-3-1"},
			{"end_date", "14.03.2026"},
			{"start_date", "2026-03-15", "end_date", "2026-03-14"},
			{"after", "nonsense"},
			{"after", "bnVsbA"}, // null
			{"before", "e30", "after", "e30"},
			{"before", "e30"}, // {}, without filters
		} {
			refused(t, s.read(t, path, q...), 400, query)
		}
	}
	if n := s.Calls(); n != 1 {
		t.Errorf("reads count as %d calls of the one-link endpoint", n-1)
	}
	if list := s.Reads().Requests(); s.Reads().Calls() != len(list) ||
		list[0].URL != sandbox.PaymentsExportPath || list[0].Status != 404 {
		t.Errorf("%d reads, %+v", s.Reads().Calls(), list[0])
	}
}

func TestDoubtsAboutRefusals(t *testing.T) {
	s := open(t, sandbox.Config{})
	detail := sandbox.TransactionDetailPath
	for _, status := range []int{200, 400, 404} {
		ok(t, s.SetDoubts(sandbox.Doubts{ErrorStatus: status}))
		out := s.read(t, detail, "transactionId", "none")
		inside := status
		if status == 200 {
			inside = 400
		}
		if out.status != status || out.Meta.HTTPStatus != inside ||
			out.Meta.ErrorCode != sandbox.CodeInventedTransaction {
			t.Errorf("%d: %d %s", status, out.status, out.raw)
		}
		if out := s.call(t, ask(fields{"applicationKey": "x"})); out.status != status {
			t.Errorf("%d: the one-link endpoint answers %d", status, out.status)
		}
	}
	ok(t, s.SetDoubts(sandbox.Doubts{ErrorCodeIsText: true, ErrorResultIsObject: true}))
	var body struct {
		Meta struct {
			ErrorCode any `json:"errorCode"`
		} `json:"meta"`
		Result any `json:"result"`
	}
	out := s.read(t, detail, "transactionId", "none")
	if err := json.Unmarshal([]byte(out.raw), &body); err != nil ||
		body.Meta.ErrorCode != "400996" || !cmp.Equal(body.Result, map[string]any{}) {
		t.Errorf("%s, %v", out.raw, err)
	}

	ok(t, s.SetDoubts(sandbox.Doubts{WorldRequired: true, ApplicationIDRequired: true}))
	id := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"})).TransactionID
	withID := func(r *http.Request) { r.Header.Set("ApplicationId", "42") }
	path := detail + "?transactionId=" + id
	refused(t, s.readWith(t, path, withID), 400, sandbox.CodeInventedQuery)
	refused(t, s.readWith(t, path+"&isSandbox=false", nil), 400, sandbox.CodeInventedField)
	if out := s.readWith(t, path+"&isSandbox=0", withID); out.status != 200 {
		t.Errorf("with all that is required: %d %s", out.status, out.raw)
	}

	for _, d := range []sandbox.Doubts{
		{ErrorStatus: 7},
		{ErrorStatus: 302},
		{ExportWorld: "dead"},
		{ExportEnd: "no"},
		{Parameters: "here"},
		{ExportZone: 15},
	} {
		if err := s.SetDoubts(d); err != sandbox.ErrDoubts {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

// The samples in testdata are what each read looks like on the wire.
func TestReadSamples(t *testing.T) {
	other := sandbox.Doubts{
		OtherTypes: true, LogIsArray: true, BareDetail: true, ExportSnakeCase: true,
		Parameters: "empty", ExportEnd: "missing", RefundIsSum: true,
	}
	for name, d := range map[string]sandbox.Doubts{"": {}, "_other": other} {
		s := open(t, sandbox.Config{Doubts: d})
		p := mustPay(t, s, s.link(t, fields{
			"subscriberId": "ada@example.com", "customParameters": map[string]any{"checkout": "x"},
		}), sandbox.Quantity(2), sandbox.WithDiscount(sandbox.Discount{Code: "TEN", Percent: 10}))
		refundPart(t, s, p, "1.50")
		refundPart(t, s, p, "2")
		ok(t, s.Cancel(p.TransactionID), s.Pause(p.TransactionID, noon.Add(day)))
		detail := s.read(t, sandbox.TransactionDetailPath, "transactionId", p.TransactionID)
		for sample, out := range map[string]reply{
			"detail":               detail,
			"export_payments":      s.read(t, sandbox.PaymentsExportPath),
			"export_refunds":       s.read(t, sandbox.RefundsExportPath),
			"export_subscriptions": s.read(t, sandbox.SubscriptionsExportPath),
		} {
			if out.status != 200 {
				t.Fatalf("%s: %d %s", sample, out.status, out.raw)
			}
			compare(t, filepath.Join("testdata", sample+name+".json"), out.Result)
		}
	}
}

// Each world is asked for by itself; a client of the wrong one finds nothing.
func TestReadsKeepTwoWorlds(t *testing.T) {
	s := open(t, sandbox.Config{})
	ada := fields{"subscriberId": "ada@example.com"}
	live := mustPay(t, s, s.link(t, ada))
	test := mustPay(t, s, s.link(t, ada), sandbox.InTestMode())
	for _, p := range []sandbox.Payment{live, test} {
		for _, word := range []string{"", "false", "0", "true", "1"} {
			out := s.read(t, sandbox.TransactionDetailPath,
				"transactionId", p.TransactionID, "isSandbox", word)
			found := p.TestMode == (word == "true" || word == "1")
			if (out.status == 200) != found {
				t.Errorf("test mode %t, isSandbox=%s: %d", p.TestMode, word, out.status)
			}
		}
	}
	for world, want := range map[string][]string{
		"": {live.TransactionID}, "live": {live.TransactionID}, "test": {test.TransactionID},
		"both": {test.TransactionID, live.TransactionID},
	} {
		ok(t, s.SetDoubts(sandbox.Doubts{ExportWorld: world}))
		got, _ := s.page(t, sandbox.PaymentsExportPath)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", world, diff)
		}
	}
}

// What has just been sold is not known to every read at once.
func TestYoungSalesAreMissing(t *testing.T) {
	s := open(t, sandbox.Config{Doubts: sandbox.Doubts{
		DetailAfter: sandbox.Span(time.Minute), ExportAfter: sandbox.Span(time.Hour),
	}})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	for _, step := range []struct {
		wait     time.Duration
		detail   int
		exported int
	}{{0, 400, 0}, {time.Minute, 200, 0}, {59 * time.Minute, 200, 1}} {
		s.clock.Advance(step.wait)
		out := s.read(t, sandbox.TransactionDetailPath, "transactionId", p.TransactionID)
		ids, _ := s.page(t, sandbox.PaymentsExportPath)
		if out.status != step.detail || len(ids) != step.exported {
			t.Errorf("%s later: %d, %d in the export", step.wait, out.status, len(ids))
		}
	}
}

func TestReadsGoWrongByThemselves(t *testing.T) {
	s := open(t, sandbox.Config{})
	s.Reads().FailIf(func(r sandbox.Request) bool {
		return r.URL == sandbox.RefundsExportPath+"?"
	}, sandbox.RateLimited("7"))
	if out := s.read(t, sandbox.RefundsExportPath); out.status != 429 {
		t.Errorf("the refunds answer %d", out.status)
	}
	if out := s.read(t, sandbox.PaymentsExportPath); out.status != 200 {
		t.Errorf("the payments answer %d", out.status)
	}
	s.link(t, nil)
	s.Reads().FailNext(1, sandbox.CutOff())
	if out := s.read(t, sandbox.PaymentsExportPath); out.err == nil {
		t.Error("the body is whole")
	}
}
