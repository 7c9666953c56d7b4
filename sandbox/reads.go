package sandbox

import (
	"net/http"
	"net/url"
)

// The paths of the reads: transaction detail, and the exports of payments,
// refunds and subscriptions.
//
// https://docs.zotlo.com/integrating-zotlo/api-reference/payments-endpoints/get-payment-details
// https://docs.zotlo.com/integrating-zotlo/api-reference/export-endpoints/payment-transactions-export
// https://docs.zotlo.com/integrating-zotlo/api-reference/export-endpoints/refund-records-export
// https://docs.zotlo.com/integrating-zotlo/api-reference/export-endpoints/subscription-records-export
const (
	TransactionDetailPath   = "/v1/transaction/detail"
	PaymentsExportPath      = "/v1/reports/activity/transaction"
	RefundsExportPath       = "/v1/reports/activity/refund"
	SubscriptionsExportPath = "/v1/reports/activity/subscription"
)

// Reads is the part of the API that is asked what was sold. Its calls are
// counted and go wrong apart from those of the one-link endpoint; FailIf picks
// some by their URL.
type Reads struct {
	*traffic

	keys  keys
	books *books
}

// endpoint finds what answers a path.
func (rd *Reads) endpoint(path string) (e endpoint, ok bool) {
	lists := map[string]lister{
		PaymentsExportPath:      paymentRecords,
		RefundsExportPath:       refundRecords,
		SubscriptionsExportPath: subscriptionRecords,
	}
	list, ok := lists[path]
	if !ok && path != TransactionDetailPath {
		return nil, false
	}
	return func(r *http.Request, _ []byte, _ error, _ Fault) answer {
		d := rd.books.Doubts()
		query, e := rd.check(r, d)
		if e != nil {
			return e.answer(d)
		}
		if list == nil {
			return detail(rd.books, query, d)
		}
		return export(rd.books, query, d, list)
	}, true
}

// check refuses a read before it is looked at, and reads its query.
func (rd *Reads) check(r *http.Request, d Doubts) (url.Values, *refusal) {
	if r.Method != http.MethodGet {
		return nil, refuse(http.StatusNotFound, CodeEndpoint, "invalid endpoint")
	}
	if e := rd.keys.check(r); e != nil {
		return nil, e
	}
	id := r.Header.Get("ApplicationId") //nolint:canonicalheader // as Zotlo writes it
	if d.ApplicationIDRequired && id == "" {
		return nil, invented(CodeInventedField, "ApplicationId is required")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invented(CodeInventedQuery, "the query cannot be read")
	}
	for name, values := range query {
		if len(values) > 1 {
			return nil, invented(CodeInventedQuery, name+" stands twice")
		}
	}
	return query, nil
}
