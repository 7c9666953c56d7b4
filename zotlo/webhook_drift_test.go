package zotlo

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reads says which of an event's fields a place in the body may change. A change anywhere else must
// change nothing.
var reads = map[string]string{
	"queue.type":                               "*",
	"queue.requestID":                          "RequestID",
	"queue.createDate":                         "CreatedAt RefundedAt",
	"queue.eventType":                          "Subscription",
	"queue.isSandbox":                          "Sandbox",
	"parameters.status":                        "Type Status",
	"parameters.transaction_id":                "TransactionID",
	"parameters.original_transaction_id":       "OriginalID",
	"parameters.subscriber_id":                 "SubscriberID",
	"parameters.payment_type":                  "PaymentType",
	"parameters.price":                         "Price",
	"parameters.currency":                      "Currency",
	"parameters.package_id":                    "PackageID",
	"parameters.purchase_date":                 "PurchasedAt",
	"parameters.create_date":                   "PurchasedAt",
	"parameters.expire_date":                   "ExpiresAt",
	"parameters.quantity":                      "Quantity",
	"parameters.coupon_campaign":               "Discounted",
	"parameters.subscription_id":               "SubscriptionID",
	"parameters.refund_reason":                 "Chargeback",
	"parameters.refund_price":                  "RefundPrice",
	"parameters.refund_date":                   "RefundedAt",
	"parameters.custom_parameters":             "Checkout",
	"parameters.profile.customParameters":      "Checkout",
	"parameters.profile.subscriberId":          "SubscriberID",
	"parameters.profile.lastTransactionId":     "TransactionID",
	"parameters.profile.originalTransactionId": "OriginalID",
	"parameters.profile.package":               "PackageID",
	"parameters.profile.subscriptionId":        "SubscriptionID",
	"parameters.profile.status":                "Subscription",
	"parameters.profile.realStatus":            "Subscription",
	"parameters.profile.expireDate":            "Subscription",
	"parameters.profile.freezeEndDate":         "Subscription",
	"parameters.package.packageId":             "PackageID",
	"parameters.package.price":                 "Price",
	"parameters.package.currency":              "Currency",
	"customParameters":                         "Checkout",
	"subscriberId":                             "*",
	"clientUuid":                               "*",
	"registerDate":                             "*",
}

// TestDamageStaysWhereItIs breaks every member of every fixture in every way, and looks at what
// else changes.
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

// TestTypeDriftIsTheSameEvent writes every value in the other way that it has been seen in: nothing
// may change.
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

// otherWay writes numbers as text and text that is a number as one, objects as JSON text, and empty
// objects as [].
func otherWay(t *testing.T, value any) any {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case string:
		if isDecimal(v) && strings.Trim(v, "-0.") != "" && json.Valid([]byte(v)) {
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
