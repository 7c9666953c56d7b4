package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// What visitors make up becomes no label, so the metrics stay as long as they are.
func TestAbuse53MetricsThatGrow(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	invent := func(i int) {
		s.Click(t, "", fmt.Sprintf("/lifetime?campaign=c%d", i))
		s.Send(t, "/lifetime", bearing(fmt.Sprintf("invalid-%d", i)),
			header("User-Agent", fmt.Sprint("agent ", i)))
		s.Send(t, "/lifetime", method("M"+strings.Repeat("X", i%10)),
			header("Sec-Fetch-Dest", fmt.Sprint("dest", i)))
		attribution := url.Values{
			"c": {fmt.Sprint("campaign-", i)}, "e": {fmt.Sprint("e-", i)},
			"v": {fmt.Sprint("v-", i)},
		}.Encode()
		s.PostHook(t, fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"%d"},`+
			`"parameters":{"status":"status-%d","custom_parameters":{"checkout":%q}}}`,
			i, i, attribution), http.StatusOK)
		s.PostHook(t, fmt.Sprintf(`{"queue":{"type":"Type%d"}}`, i), http.StatusOK)
	}
	series := func() int {
		return strings.Count(s.Click(t, "", "/metrics").Text, "\ncaddy_checkout_")
	}
	invent(0)
	s.Click(t, ann, "/lifetime")
	before := series()
	for i := range 200 {
		invent(i + 1)
	}
	if after := series(); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}
