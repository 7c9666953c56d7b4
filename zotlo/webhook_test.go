package zotlo

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

// sold is what the fixtures bring back as the checkout parameter.
const sold = "c=black-friday&e=bf-price&p=14.99&r=c2VlZA&s=AAECAwQFBgcICQoLDA0ODw&u=EUR&v=cheaper"

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
		Kind: "payment", Type: "trial", Status: "trial", RequestID: "req-1001", TransactionID: "T-1", OriginalID: "T-1",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "0.00", Currency: "EUR",
		PackageID: "pro-monthly", SubscriptionID: "5501", Quantity: 1, Checkout: []string{sold},
		CreatedAt:   utc("2026-11-27 10:00:05.807"),
		PurchasedAt: utc("2026-11-27 10:00:00"), ExpiresAt: utc("2026-12-04 10:00:00"),
	},
	"payment_one_time": {
		Kind: "payment", Type: "consumable", Status: "consumable", RequestID: "req-1002", TransactionID: "T-2", OriginalID: "T-2",
		SubscriberID: "905555555555", PaymentType: "consumable", Price: "14.99", Currency: "EUR",
		PackageID: "pro-lifetime", Quantity: 1, Checkout: []string{sold},
		CreatedAt: utc("2026-11-27 10:00:05"),
	},
	"payment_discounted": {
		Kind: "payment", Type: "start_paid", Status: "start_paid", RequestID: "req-1003", TransactionID: "T-8", OriginalID: "T-8",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "22.43", Currency: "USD",
		PackageID: "team-monthly", SubscriptionID: "5502", Quantity: 3, Discounted: true, Checkout: []string{sold},
		CreatedAt:   utc("2026-11-27 10:00:05.807"),
		PurchasedAt: utc("2026-11-27 10:00:00"), ExpiresAt: utc("2026-12-27 10:00:00"),
	},
	"payment_2020": {
		Kind: "payment", Type: "renewal", Status: "renewal", TransactionID: "T-4", OriginalID: "T-3",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "9.9", Currency: "USD",
		CreatedAt: utc("2020-03-20 12:35:41"), PurchasedAt: utc("2020-03-20 12:35:40"),
		PackageID: "pro-monthly", Quantity: 1, Checkout: []string{sold},
	},
	"payment_text_parameters": {
		Kind: "payment", Type: "start_paid", Status: "start_paid", RequestID: "req-1005", TransactionID: "T-5",
		SubscriberID: "ada@example.com", PaymentType: "subscription", Price: "9.90", Currency: "EUR",
		PurchasedAt: utc("2026-11-27 10:00:01"), Quantity: 1, Checkout: []string{sold},
	},
	"payment_without_parameters": {
		Kind: "payment", Type: "trial_to_paid", Status: "trial_to_paid", RequestID: "req-1006", TransactionID: "T-6",
		SubscriberID: "0b0e7f0c-0000-4000-8000-000000000001", PaymentType: "subscription", Price: "9.99", Currency: "USD",
		PurchasedAt: utc("2026-11-27 10:00:00"), Quantity: 1,
	},
	"refund": {
		Kind: "refund", Type: "consumable", Status: "consumable", RequestID: "req-2001", TransactionID: "T-2", OriginalID: "T-2",
		SubscriberID: "ada@example.com", PaymentType: "consumable", Price: "14.99", Currency: "EUR",
		PackageID: "pro-lifetime", Quantity: 1, Chargeback: true,
		CreatedAt: utc("2026-11-28 09:00:00"), PurchasedAt: utc("2026-11-27 10:00:00"),
		RefundPrice: "14.99", RefundedAt: utc("2026-11-28 08:59:59"), Checkout: []string{sold},
	},
	"status_renewal": {
		Kind: "status", RequestID: "req-3001", TransactionID: "T-7", OriginalID: "T-1",
		SubscriberID: "ada@example.com", Price: "9.99", Currency: "EUR",
		PackageID: "pro-monthly", SubscriptionID: "5501", Checkout: []string{sold},
		CreatedAt: utc("2026-12-27 10:00:05"),
		Subscription: Subscription{
			Change: "renewal", Status: "active", RealStatus: "active", ExpiresAt: utc("2027-01-27 10:00:00"),
		},
	},
	"status_cancel": {
		Kind: "status", RequestID: "req-3002", OriginalID: "T-1",
		SubscriberID: "905555555555", Price: "9.99", Currency: "TRY", PackageID: "pro-monthly", SubscriptionID: "5501",
		CreatedAt:    utc("2026-12-28 10:00:05"),
		Subscription: Subscription{Change: "cancel", Status: "active", RealStatus: "passive"},
	},
	"status_frozen": {
		Kind: "status", RequestID: "req-3003", TransactionID: "T-9", OriginalID: "T-9",
		SubscriberID: "ada@example.com", Price: "9.99", Currency: "EUR", PackageID: "pro-monthly", SubscriptionID: "5503",
		CreatedAt: utc("2026-12-28 10:00:05.000001"),
		Subscription: Subscription{
			Change: "activetograce", Status: "grace", RealStatus: "grace",
			ExpiresAt: utc("2026-12-27 10:00:00"), FrozenUntil: utc("2027-02-01 00:00:00"),
		},
	},
	"registration": {Kind: "registration", SubscriberID: "ada@example.com", Checkout: []string{sold}},
	"quiz":         {Kind: "quiz", RequestID: "req-4001"},
	"unknown":      {Kind: "unknown", RequestID: "req-5001", Sandbox: true},
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
		e := read(t, []byte(`{"queue":{"type":"TransactionRefund"},"parameters":{"refund_date":`+tt.date+`}}`))
		if !e.RefundedAt.Equal(utc(tt.want)) || e.RefundedAt.Location() != time.UTC {
			t.Errorf("%s is %v, want %s", tt.date, e.RefundedAt, tt.want)
		}
	}
	if _, err := time.LoadLocation("Europe/Istanbul"); err == nil { // machines without a time zone database have none
		e := read(t, []byte(`{"queue":{"type":"TransactionRefund","createDate":{"date":"2026-11-27 10:00:00","timezone":"Europe/Istanbul"}}}`))
		if !e.RefundedAt.Equal(utc("2026-11-27 07:00:00")) {
			t.Errorf("ten o'clock in Istanbul is %v", e.RefundedAt)
		}
	}
}

// status reads the only member of a status webhook's profile.
func status(t *testing.T, member string) Subscription {
	t.Helper()
	body := `{"queue":{"type":"SubscriberUpdate"},"parameters":{"profile":{` + member + `}}}`
	return read(t, []byte(body)).Subscription
}

func TestWordsOfASubscription(t *testing.T) {
	for word, want := range map[string]string{
		`"active"`: "active", `"ACTIVE"`: "active", `" grace "`: "grace", `"passive"`: "passive",
		`"suspended"`: "_other", `1`: "_other", `null`: "", `""`: "", `{}`: "", `[]`: "", `true`: "",
	} {
		if got := status(t, `"status":`+word).Status; got != want {
			t.Errorf("status %s is %q, want %q", word, got, want)
		}
		if got := status(t, `"realStatus":`+word).RealStatus; got != want {
			t.Errorf("real status %s is %q, want %q", word, got, want)
		}
	}
	body := `{"queue":{"type":"SubscriberUpdate","eventType":"packageMoved"},"parameters":{"profile":[]}}`
	want := Subscription{Change: "packagemoved"}
	if got := read(t, []byte(body)).Subscription; got != want {
		t.Errorf("a change nobody knows is %+v", got)
	}
}

func TestFrozenUntil(t *testing.T) {
	for date, want := range map[string]time.Time{
		`"2027-02-01 00:00:00"`: utc("2027-02-01 00:00:00"), `"2027-02-01"`: {}, `null`: {}, `""`: {}, `0`: {},
		`{"date":"2027-02-01 03:00:00.000000","timezone_type":1,"timezone":"+03:00"}`: utc("2027-02-01 00:00:00"),
	} {
		if got := status(t, `"freezeEndDate":`+date).FrozenUntil; !got.Equal(want) {
			t.Errorf("%s is %v, want %v", date, got, want)
		}
	}
}

// payment reads the only member of a payment webhook.
func payment(t *testing.T, member string) Event {
	t.Helper()
	return read(t, []byte(`{"queue":{"type":"TransactionInsert"},"parameters":{`+member+`}}`))
}

func TestQuantity(t *testing.T) {
	for value, want := range map[string]int{
		`1`: 1, `3`: 3, `"3"`: 3, `"3.00"`: 3, `2.0`: 2, `"1000000"`: 1_000_000, `1000001`: 1, `99999999999999999999`: 1,
		`0`: 1, `-2`: 1, `2.5`: 1, `3e2`: 1, `"3 pieces"`: 1, `null`: 1, `""`: 1, `true`: 1, `[3]`: 1, `{}`: 1,
	} {
		if got := payment(t, `"quantity":`+value).Quantity; got != want {
			t.Errorf("quantity %s is %d, want %d", value, got, want)
		}
	}
}

// TestDiscounted goes through the shapes that a discount may have. Which ones Zotlo sends is not
// published.
func TestDiscounted(t *testing.T) {
	for value, want := range map[string]bool{
		`null`: false, `[]`: false, `[ ]`: false, `{}`: false, `{ }`: false, `""`: false, `" "`: false, `false`: false, `0`: false,
		`"0"`: false, `0.00`: false, `"null"`: false, `"[]"`: false, `"{}"`: false, `"FALSE"`: false,
		`{"id":null,"code":"","discount":0}`: false, `[null]`: false, `"{\"id\":null}"`: false,
		`{"id":4}`: true, `[{"id":4}]`: true, `{"code":"BF25"}`: true, `["BF25"]`: true, `"BF25"`: true, `true`: true, `4`: true,
		`"{\"id\":4}"`: true, `"{25 off}"`: true, `{"campaign":{"id":4}}`: true,
	} {
		if got := payment(t, `"coupon_campaign":`+value).Discounted; got != want {
			t.Errorf("%s is %v", value, got)
		}
		if got := payment(t, `"couponCampaign":`+value).Discounted; got != want {
			t.Errorf("in camel case %s is %v", value, got)
		}
	}
}

func TestOneTimePurchasesHaveNoSubscription(t *testing.T) {
	for value, want := range map[string]string{`0`: "", `"0"`: "", `null`: "", `""`: "", `5501`: "5501", `"5501"`: "5501"} {
		if got := payment(t, `"subscription_id":`+value).SubscriptionID; got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}

// TestNullEverywhere reads payments, refunds and status webhooks in which every member is null.
func TestNullEverywhere(t *testing.T) {
	for _, name := range []string{"payment_trial", "refund", "status_renewal"} {
		top := decode(t, name)
		kind := top["queue"].(map[string]any)["type"]
		nullify(top)
		top["queue"].(map[string]any)["type"] = kind
		body, err := json.Marshal(top)
		if err != nil {
			t.Fatal(err)
		}
		want := Event{Kind: shapes[name].Kind}
		if want.Kind != WebhookStatus {
			want.Type, want.Quantity = otherValue, 1
		}
		if diff := cmp.Diff(want, read(t, body)); diff != "" {
			t.Errorf("%s: %s\n%s", name, diff, body)
		}
	}
}

// nullify sets all that is no object to null.
func nullify(object map[string]any) {
	for name, value := range object {
		if inner, ok := value.(map[string]any); ok {
			nullify(inner)
		} else {
			object[name] = nil
		}
	}
}

func TestCheckoutOfMerchantParametersComesFirst(t *testing.T) {
	body := []byte(`{"queue":{"type":"TransactionInsert"},"checkout":"c=elsewhere","parameters":{
		"custom_parameters":{"checkout":"c=second","merchantParameters":{"checkout":"c=first"}},
		"profile":{"customParameters":{"checkout":"c=second","merchantParameters":{"checkout":"c=third"}}}}}`)
	want := []string{"c=first", "c=second", "c=third"}
	if got := read(t, body).Checkout; !slices.Equal(got, want) {
		t.Errorf("checkout parameters %q, want %q", got, want)
	}
}

func TestFlags(t *testing.T) {
	for value, want := range map[string]bool{`true`: true, `1`: true, `"1"`: true, `"TRUE"`: true, `false`: false, `0`: false, `"0"`: false, `null`: false, `{}`: false, `[1]`: false} {
		if got := read(t, []byte(`{"parameters":{"is_sandbox":`+value+`}}`)).Sandbox; got != want {
			t.Errorf("%s is %v", value, got)
		}
	}
}

func TestNoObjectIsAnUnknownShape(t *testing.T) {
	for _, body := range []string{"null", "[]", `"{}"`, "7", "[{}]"} {
		if e, err := ParseWebhook([]byte(body)); err != nil || e.Kind != WebhookUnknown {
			t.Errorf("%q is read as %q: %v", body, e.Kind, err)
		}
	}
}

func TestNotJSONIsAnError(t *testing.T) {
	deep := strings.Repeat("[", 20_000)
	for _, body := range []string{"", " ", "{", "{}{}", `{"a":}`, "<html>", deep, `{"a":` + deep, `{"a":"` + strings.Repeat("x", MaxWebhookBody) + `"}`} {
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

func FuzzParseWebhook(f *testing.F) {
	for name := range shapes {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"queue":"{\"type\":\"quiz\"}"}`))
	f.Add([]byte("0"))    // JSON that is no object: an unknown shape
	f.Add([]byte("\v{}")) // white space to Go, but not to JSON
	kinds := []string{WebhookPayment, WebhookRefund, WebhookStatus, WebhookRegistration, WebhookQuiz, WebhookUnknown}
	types := []string{"trial", "start_paid", "trial_to_paid", "renewal", "reactive", "consumable", "_other"}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseWebhook(body)
		valid := json.Valid(body)
		if (err == nil) != (valid && len(body) <= MaxWebhookBody) {
			t.Fatalf("JSON %v, error %v", valid, err)
		}
		if err != nil {
			return
		}
		sale := e.Kind == WebhookPayment || e.Kind == WebhookRefund
		if !slices.Contains(kinds, e.Kind) || sale != slices.Contains(types, e.Type) {
			t.Fatalf("kind %q, type %q", e.Kind, e.Type)
		}
		if e.Price != "" && !isDecimal(e.Price) || len(e.Currency)%3 != 0 {
			t.Fatalf("price %q, currency %q", e.Price, e.Currency)
		}
		if sale && (e.Quantity < 1 || e.Quantity > maxCount) || !sale && e.Quantity != 0 {
			t.Fatalf("kind %q, quantity %d", e.Kind, e.Quantity)
		}
		if state := e.Subscription; e.Kind != WebhookStatus && state != (Subscription{}) ||
			!slices.Contains([]string{"", "active", "grace", "passive", "_other"}, state.Status) {
			t.Fatalf("kind %q, subscription %+v", e.Kind, state)
		}
		for _, text := range []string{
			e.RequestID, e.TransactionID, e.OriginalID, e.SubscriberID, e.PackageID, e.SubscriptionID, e.Subscription.Change,
		} {
			if len(text) > maxLooseText || strings.ContainsAny(text, "\r\n\x00") {
				t.Fatalf("text %q", text)
			}
		}
		if slices.Contains(e.Checkout, "") {
			t.Fatalf("checkout parameters %q", e.Checkout)
		}
	})
}
