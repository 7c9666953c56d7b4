package linkgen

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var sold = Attribution{
	Campaign: "black-friday", Experiment: "bf-price", Variant: "cheaper",
	Price: "14.99", Currency: "EUR", Subject: "AAECAwQFBgcICQoLDA0ODw", Random: "c2VlZA",
}

func utc(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		panic(err)
	}
	return t
}

// shapes says what is to be read from each fixture.
var shapes = map[string]Event{
	"payment_trial": {
		Kind: "payment", Type: "trial", RequestID: "req-1001", TransactionID: "T-1", OriginalID: "T-1",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "0.00", Currency: "EUR",
		PackageID: "pro-monthly", Country: "DE", PaidAt: utc("2026-11-27 10:00:00"), Attribution: sold, Attributed: true,
	},
	"payment_one_time": {
		Kind: "payment", Type: "consumable", RequestID: "req-1002", TransactionID: "T-2", OriginalID: "T-2",
		SubscriberID: "905555555555", PaymentType: "consumable", Price: "14.99", Currency: "EUR",
		PackageID: "pro-lifetime", Country: "DE", PaidAt: utc("2026-11-27 10:00:05"), Attribution: sold, Attributed: true,
	},
	"payment_2020": {
		Kind: "payment", Type: "renewal", TransactionID: "T-4", OriginalID: "T-3",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "9.9", Currency: "USD",
		PackageID: "pro-monthly", Country: "US", PaidAt: utc("2020-03-20 12:35:40"), Attribution: sold, Attributed: true,
	},
	"payment_text_parameters": {
		Kind: "payment", Type: "start_paid", RequestID: "req-1005", TransactionID: "T-5",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "9.90", Currency: "EUR",
		Country: "DE", PaidAt: utc("2026-11-27 10:00:01"), Attribution: sold, Attributed: true,
	},
	"payment_without_parameters": {
		Kind: "payment", Type: "trial_to_paid", RequestID: "req-1006", TransactionID: "T-6",
		SubscriberID: "0b0e7f0c-0000-4000-8000-000000000001", PaymentType: "subscription", Price: "9.99", Currency: "USD",
		Country: "US", PaidAt: utc("2026-11-27 10:00:00"),
	},
	"refund": {
		Kind: "refund", Type: "consumable", RequestID: "req-2001", TransactionID: "T-2", OriginalID: "T-2",
		SubscriberID: "ada@example.com", PaymentType: "consumable", Price: "14.99", Currency: "EUR",
		PackageID: "pro-lifetime", Country: "DE", PaidAt: utc("2026-11-27 10:00:00"),
		RefundPrice: "14.99", RefundedAt: utc("2026-11-28 08:59:59"), Attribution: sold, Attributed: true,
	},
	"status_renewal": {
		Kind: "status", RequestID: "req-3001", TransactionID: "T-7", OriginalID: "T-1",
		SubscriberID: "ada@example.com", Price: "9.99", Currency: "EUR",
		PackageID: "pro-monthly", Country: "DE", Attribution: sold, Attributed: true,
	},
	"status_cancel": {
		Kind: "status", RequestID: "req-3002", OriginalID: "T-1",
		SubscriberID: "905555555555", Price: "9.99", Currency: "TRY", PackageID: "pro-monthly", Country: "TR",
	},
	"registration": {Kind: "registration", SubscriberID: "ada@example.com", Country: "DE", Attribution: sold, Attributed: true},
	"quiz":         {Kind: "quiz", RequestID: "req-4001"},
	"unknown":      {Kind: "unknown", RequestID: "req-5001", Sandbox: true},
}

// reads says which of an event's fields a place in the body may change. A change anywhere else must change nothing.
var reads = map[string]string{
	"queue.type":                               "*",
	"queue.requestID":                          "RequestID",
	"queue.createDate":                         "PaidAt RefundedAt",
	"queue.isSandbox":                          "Sandbox",
	"parameters.status":                        "Type",
	"parameters.transaction_id":                "TransactionID",
	"parameters.original_transaction_id":       "OriginalID",
	"parameters.subscriber_id":                 "SubscriberID",
	"parameters.payment_type":                  "PaymentType",
	"parameters.price":                         "Price",
	"parameters.currency":                      "Currency",
	"parameters.package_id":                    "PackageID",
	"parameters.country":                       "Country",
	"parameters.create_date":                   "PaidAt",
	"parameters.purchase_date":                 "PaidAt",
	"parameters.refund_price":                  "RefundPrice",
	"parameters.refund_date":                   "RefundedAt",
	"parameters.custom_parameters":             "Attribution Attributed",
	"parameters.profile.customParameters":      "Attribution Attributed",
	"parameters.profile.subscriberId":          "SubscriberID",
	"parameters.profile.lastTransactionId":     "TransactionID",
	"parameters.profile.originalTransactionId": "OriginalID",
	"parameters.profile.country":               "Country",
	"parameters.profile.package":               "PackageID",
	"parameters.package.packageId":             "PackageID",
	"parameters.package.price":                 "Price",
	"parameters.package.currency":              "Currency",
	"customParameters":                         "Attribution Attributed",
	"subscriberId":                             "*",
	"clientUuid":                               "*",
	"registerDate":                             "*",
	"country":                                  "Country",
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "webhook", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func read(t testing.TB, body []byte) Event {
	t.Helper()
	e, err := ParseWebhook(body)
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return e
}

func TestEveryShapeIsRead(t *testing.T) {
	files, err := filepath.Glob("testdata/webhook/*.json")
	if err != nil || len(files) != len(shapes) {
		t.Fatalf("%d fixtures for %d shapes, %v", len(files), len(shapes), err)
	}
	for name, want := range shapes {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, read(t, fixture(t, name))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDamageStaysWhereItIs breaks every member of every fixture in every way, and looks at what else changes.
func TestDamageStaysWhereItIs(t *testing.T) {
	broken := []any{nil, true, 12345, -1.5, "", "text", []any{}, []any{1}, map[string]any{}, map[string]any{"a": map[string]any{}}}
	for name, want := range shapes {
		t.Run(name, func(t *testing.T) {
			for _, path := range paths(t, name) {
				for i := range len(broken) + 1 {
					body := change(t, name, path, func(object map[string]any, member string) {
						if i == len(broken) {
							delete(object, member)
						} else {
							object[member] = broken[i]
						}
					})
					got := read(t, body)
					may := mayChange(path)
					for _, field := range changed(want, got) {
						if !slices.Contains(may, "*") && !slices.Contains(may, field) {
							t.Errorf("%s changed %s; it may change %q only\n%s", path, field, may, body)
						}
					}
				}
			}
		})
	}
}

// TestTypeDriftIsTheSameEvent writes every value in the other way that it has been seen in: nothing may change.
func TestTypeDriftIsTheSameEvent(t *testing.T) {
	for name, want := range shapes {
		t.Run(name, func(t *testing.T) {
			for _, path := range paths(t, name) {
				body := change(t, name, path, func(object map[string]any, member string) {
					object[member] = otherWay(t, object[member])
				})
				if diff := cmp.Diff(want, read(t, body)); diff != "" {
					t.Errorf("%s: %s\n%s", path, diff, body)
				}
			}
		})
	}
}

// otherWay writes numbers as text and text that is a number as one, objects as JSON text, and empty objects as [].
func otherWay(t *testing.T, value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case string:
		if canonical, ok := canonicalPrice(v); ok && canonical != "." && json.Valid([]byte(v)) {
			return json.Number(v)
		}
	case map[string]any:
		if len(v) == 0 {
			return []any{}
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	case []any:
		if len(v) == 0 {
			return map[string]any{}
		}
	}
	return value
}

func TestWhatIsMissingIsLookedForElsewhere(t *testing.T) {
	tests := []struct{ name, body, field, want string }{
		{"no type but an event type", `{"queue":{"eventType":"transaction"}}`, "Kind", "payment"},
		{"no type but a refund", `{"queue":{"eventType":"refund"}}`, "Kind", "refund"},
		{"another case", `{"queue":{"type":"transactionINSERT"}}`, "Kind", "payment"},
		{"the type decides", `{"queue":{"type":"Other","eventType":"refund"}}`, "Kind", "unknown"},
		{"nothing at all", `{}`, "Kind", "unknown"},
		{"queue as an empty list", `{"queue":[],"parameters":[]}`, "Kind", "unknown"},
		{"quiz without a queue", `{"quizId":1}`, "Kind", "quiz"},
		{"registration without a date", `{"clientUuid":"u","subscriberId":"s"}`, "Kind", "registration"},
		{"unknown status", `{"queue":{"type":"TransactionInsert"},"parameters":{"status":"gift"}}`, "Type", "_other"},
		{"no status", `{"queue":{"type":"TransactionInsert"}}`, "Type", "_other"},
		{"unknown payment type", `{"queue":{"type":"TransactionInsert"},"parameters":{"payment_type":"barter"}}`, "PaymentType", "_other"},
		{"currency in lower case", `{"queue":{"type":"TransactionInsert"},"parameters":{"currency":"eur"}}`, "Currency", "EUR"},
		{"currency with a digit", `{"queue":{"type":"TransactionInsert"},"parameters":{"currency":"E1R"}}`, "Currency", ""},
		{"currency as a sign", `{"queue":{"type":"TransactionInsert"},"parameters":{"currency":"€"}}`, "Currency", ""},
		{"price with a comma", `{"queue":{"type":"TransactionInsert"},"parameters":{"price":"9,90"}}`, "Price", ""},
		{"price with an exponent", `{"queue":{"type":"TransactionInsert"},"parameters":{"price":1e1}}`, "Price", ""},
		{"price of four zeros", `{"queue":{"type":"TransactionInsert"},"parameters":{"price":10.0000}}`, "Price", "10.0000"},
		{"blanks around", `{"queue":{"requestID":" r-1 "}}`, "RequestID", "r-1"},
		{"a number for an id", `{"queue":{"requestID":38359}}`, "RequestID", "38359"},
		{"a control character", `{"queue":{"requestID":"a\u0000b"}}`, "RequestID", ""},
		{"half a character", `{"queue":{"requestID":"a\ud800"}}`, "RequestID", ""},
		{"another spelling", `{"queue":{"requestId":"r-2"}}`, "RequestID", "r-2"},
		{"a novel", `{"queue":{"requestID":"` + strings.Repeat("x", maxLooseText+1) + `"}}`, "RequestID", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := read(t, []byte(tt.body))
			if got := reflect.ValueOf(e).FieldByName(tt.field).String(); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.field, got, tt.want)
			}
		})
	}
}

func TestDates(t *testing.T) {
	tests := []struct{ date, want string }{
		{`"2026-11-27 10:00:00"`, "2026-11-27 10:00:00"},
		{`"2026-11-27T10:00:00Z"`, "2026-11-27 10:00:00"},
		{`"2026-11-27T10:00:00+01:00"`, "2026-11-27 09:00:00"},
		{`{"date":"2026-11-27 10:00:00.5","timezone_type":3,"timezone":"UTC"}`, "2026-11-27 10:00:00.5"},
		{`{"date":"2026-11-27 10:00:00.000000","timezone_type":1,"timezone":"-05:00"}`, "2026-11-27 15:00:00"},
		{`{"date":"2026-11-27 10:00:00","timezone_type":3,"timezone":"Nowhere/Land"}`, "2026-11-27 10:00:00"},
		{`{"date":"2026-11-27 10:00:00","timezone_type":3,"timezone":"../../etc/passwd"}`, "2026-11-27 10:00:00"},
		{`{"date":"2026-11-27 10:00:00","timezone":"Local"}`, "2026-11-27 10:00:00"},
		{`{"date":"2026-11-27 10:00:00"}`, "2026-11-27 10:00:00"},
		{`{"date":{}}`, "0001-01-01 00:00:00"},
		{`"yesterday"`, "0001-01-01 00:00:00"},
		{`20261127`, "0001-01-01 00:00:00"},
	}
	for _, tt := range tests {
		e := read(t, []byte(`{"queue":{"type":"TransactionInsert"},"parameters":{"purchase_date":`+tt.date+`}}`))
		if !e.PaidAt.Equal(utc(tt.want)) || e.PaidAt.Location() != time.UTC {
			t.Errorf("%s is %v, want %s", tt.date, e.PaidAt, tt.want)
		}
	}
	if _, err := time.LoadLocation("Europe/Istanbul"); err == nil { // machines without a time zone database have none
		e := read(t, []byte(`{"queue":{"type":"TransactionInsert","createDate":{"date":"2026-11-27 10:00:00","timezone":"Europe/Istanbul"}}}`))
		if !e.PaidAt.Equal(utc("2026-11-27 07:00:00")) {
			t.Errorf("ten o'clock in Istanbul is %v", e.PaidAt)
		}
	}
}

func TestAttributionOfMerchantParametersComesFirst(t *testing.T) {
	other := Attribution{Campaign: "other"}
	body := []byte(`{"queue":{"type":"TransactionInsert"},"parameters":{"custom_parameters":{
		"checkout":"` + other.String() + `","merchantParameters":{"checkout":"` + sold.String() + `"}}}}`)
	if e := read(t, body); e.Attribution != sold {
		t.Errorf("attributed to %+v", e.Attribution)
	}
	body = []byte(`{"queue":{"type":"TransactionInsert"},"parameters":{"custom_parameters":{
		"checkout":"` + other.String() + `","merchantParameters":{"checkout":"%zz"}}}}`)
	if e := read(t, body); !e.Attributed || e.Attribution != other {
		t.Errorf("a damaged attribution hides a good one: %+v", e.Attribution)
	}
}

func TestFlags(t *testing.T) {
	for value, want := range map[string]bool{`true`: true, `1`: true, `"1"`: true, `"TRUE"`: true, `false`: false, `0`: false, `"0"`: false, `null`: false, `{}`: false, `[1]`: false} {
		if got := read(t, []byte(`{"parameters":{"is_sandbox":`+value+`}}`)).Sandbox; got != want {
			t.Errorf("%s is %v", value, got)
		}
	}
}

func TestNotAnObjectIsAnError(t *testing.T) {
	deep := strings.Repeat("[", 20_000)
	for _, body := range []string{"", " ", "null", "[]", `"{}"`, "7", "{", "{}{}", `{"a":}`, "<html>", deep, `{"a":` + deep, `{"a":"` + strings.Repeat("x", MaxWebhookBody) + `"}`} {
		_, err := ParseWebhook([]byte(body))
		if err == nil {
			t.Errorf("%.40q is read", body)
			continue
		}
		if len(body) > 3 && strings.Contains(err.Error(), body) {
			t.Errorf("the error repeats the body: %v", err)
		}
	}
}

func TestSamePrice(t *testing.T) {
	same := [][2]string{{"9.9", "9.90"}, {"9.9", "09.900"}, {"10", "10.00"}, {"0", "0.00"}, {"-0", "0"}, {"-5.0", "-5"}, {"123456789012345678901234567890.1", "123456789012345678901234567890.10"}}
	for _, p := range same {
		if !SamePrice(p[0], p[1]) || !SamePrice(p[1], p[0]) {
			t.Errorf("%q and %q are not the same", p[0], p[1])
		}
	}
	other := [][2]string{{"9.9", "9.09"}, {"9.9", "99"}, {"1", "-1"}, {"10", "1"}, {"9.99", "9.990000000000000000001"}, {"", ""}, {"", "0"}, {"a", "a"}, {"1.", "1"}, {".5", "0.5"}, {"1.5.0", "1.5"}, {"1e1", "10"}, {"+1", "1"}, {" 1", "1"}, {"1,0", "1,0"}, {"--1", "--1"}, {"1.-0", "1"}}
	for _, p := range other {
		if SamePrice(p[0], p[1]) || SamePrice(p[1], p[0]) {
			t.Errorf("%q and %q are the same", p[0], p[1])
		}
	}
}

func FuzzParseWebhook(f *testing.F) {
	for name := range shapes {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"queue":"{\"type\":\"quiz\"}"}`))
	kinds := []string{WebhookPayment, WebhookRefund, WebhookStatus, WebhookRegistration, WebhookQuiz, WebhookUnknown}
	types := []string{"trial", "start_paid", "trial_to_paid", "renewal", "reactive", "consumable", "_other"}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseWebhook(body)
		object := json.Valid(body) && strings.HasPrefix(strings.TrimLeft(string(body), " \t\r\n"), "{")
		if (err == nil) != (object && len(body) <= MaxWebhookBody) {
			t.Fatalf("object %v, error %v", object, err)
		}
		if err != nil {
			return
		}
		sale := e.Kind == WebhookPayment || e.Kind == WebhookRefund
		if !slices.Contains(kinds, e.Kind) || sale != slices.Contains(types, e.Type) {
			t.Fatalf("kind %q, type %q", e.Kind, e.Type)
		}
		if e.Price != "" && !SamePrice(e.Price, e.Price) || len(e.Currency)%3 != 0 || len(e.Country)%2 != 0 {
			t.Fatalf("price %q, currency %q, country %q", e.Price, e.Currency, e.Country)
		}
		for _, text := range []string{e.RequestID, e.TransactionID, e.OriginalID, e.SubscriberID, e.PackageID} {
			if len(text) > maxLooseText || strings.ContainsAny(text, "\r\n\x00") {
				t.Fatalf("text %q", text)
			}
		}
		if e.Attributed == (e.Attribution == Attribution{}) {
			t.Fatalf("attributed %v to %+v", e.Attributed, e.Attribution)
		}
	})
}

func decode(t testing.TB, name string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(fixture(t, name))))
	d.UseNumber()
	var top map[string]any
	if err := d.Decode(&top); err != nil {
		t.Fatal(err)
	}
	return top
}

// paths lists every member of the fixture, dotted.
func paths(t testing.TB, name string) (all []string) {
	var walk func(prefix string, object map[string]any)
	walk = func(prefix string, object map[string]any) {
		for member, value := range object {
			all = append(all, prefix+member)
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+member+".", inner)
			}
		}
	}
	walk("", decode(t, name))
	slices.Sort(all)
	return all
}

func change(t testing.TB, name, path string, edit func(object map[string]any, member string)) []byte {
	t.Helper()
	top := decode(t, name)
	steps := strings.Split(path, ".")
	object := top
	for _, step := range steps[:len(steps)-1] {
		object = object[step].(map[string]any)
	}
	edit(object, steps[len(steps)-1])
	body, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func mayChange(path string) (fields []string) {
	for place, names := range reads {
		if place == path || strings.HasPrefix(place, path+".") || strings.HasPrefix(path, place+".") {
			fields = append(fields, strings.Fields(names)...)
		}
	}
	return fields
}

func changed(a, b Event) (fields []string) {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		if !cmp.Equal(va.Field(i).Interface(), vb.Field(i).Interface()) {
			fields = append(fields, va.Type().Field(i).Name)
		}
	}
	return fields
}
