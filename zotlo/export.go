package zotlo

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// This file holds the exports and how their pages follow each other: "Payment Transactions Export"
// and its two sisters, https://docs.zotlo.com/integrating-zotlo/api-reference/export-endpoints.

// The paths of the exports below the project's API address.
const (
	paymentsPath      = "/v1/reports/activity/transaction"
	refundsPath       = "/v1/reports/activity/refund"
	subscriptionsPath = "/v1/reports/activity/subscription"
)

// The bounds of an export.
const (
	pageSize = 100     // records a page, the most that Zotlo gives
	maxPage  = 4 << 20 // bytes
	maxPages = 10_000  // a million records; more is a paging that does not end
	// exportTimeout is for one page with its retry. A report is slower than a link, and nobody
	// waits for it at a checkout.
	exportTimeout = 30 * time.Second
	// maxPauses is how many pauses in a row an export waits out before it gives up.
	maxPauses = 5
)

// Export reads one of Zotlo's exports. It is for one goroutine.
type Export struct {
	client   *Client
	kind     string // of its records
	path     string
	from, to time.Time
	unread   int
	pages    int
}

// Payments exports the payments that were made from one instant to another. See Export.Records.
func (c *Client) Payments(from, to time.Time) *Export {
	return &Export{client: c, kind: WebhookPayment, path: paymentsPath, from: from, to: to}
}

// Refunds exports the refunds that were given from one instant to another. See Export.Records.
func (c *Client) Refunds(from, to time.Time) *Export {
	return &Export{client: c, kind: WebhookRefund, path: refundsPath, from: from, to: to}
}

// Subscriptions exports the subscriptions that began from one instant to another, as they stand now.
// See Export.Records.
func (c *Client) Subscriptions(from, to time.Time) *Export {
	return &Export{client: c, kind: WebhookStatus, path: subscriptionsPath, from: from, to: to}
}

// Unread is how many records of the last Records had no id or were no objects, and were left out.
func (x *Export) Unread() int { return x.unread }

// Pages is how many pages the last Records has read so far.
func (x *Export) Pages() int { return x.pages }

// Records reads the export page by page. It ends after the last record, or with one error, which is
// an *Error: then the records before it are good, and others are missing. Ranging over it again
// begins again.
//
// An export goes by days, and in which zone a day begins is not published. So it is asked for a day
// more on both sides, and records from outside the range come along; a zero from or to leaves that
// side open. The order of the records is not published, and one may come twice, or be missed, if
// others arrive meanwhile: a caller counts by ids, and reads the last days again later. Which world
// is listed is not published either: a caller asks Client.Transaction in its own before it counts.
//
// Each page goes after shoppers' calls, as Client.Transaction does. A 429 is waited out.
func (x *Export) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		x.unread, x.pages = 0, 0
		seen := make(map[string]bool)
		for after := ""; ; {
			p, e := x.page(ctx, after)
			if e != nil {
				yield(Record{}, e)
				return
			}
			x.pages++
			x.unread += p.unread
			for _, r := range p.records {
				if !yield(r, nil) {
					return
				}
			}
			// A cursor that was given before leads back to records that were read.
			if after = p.next; after == "" || seen[after] {
				return
			}
			seen[after] = true
		}
	}
}

// page reads one page, and waits out pauses.
func (x *Export) page(ctx context.Context, after string) (p page, e *Error) {
	if x.pages >= maxPages {
		return page{}, failed(ResultBadAnswer, "the export has more than %d pages", maxPages)
	}
	if !x.from.IsZero() && !x.to.IsZero() && x.to.Before(x.from) {
		return page{}, failed(ResultRefused, "the export's range ends before it begins")
	}
	ask := request{
		path: withQuery(x.path, x.query(after)), timeout: exportTimeout, maxAnswer: maxPage,
		read: func(a answer) (e *Error) {
			p, e = readPage(a, x.kind)
			return e
		},
	}
	for range maxPauses {
		e = x.client.lookUp(ctx, ask)
		if e == nil || e.Result != ResultThrottled || sleep(ctx, e.RetryAfter) != nil {
			return p, e
		}
	}
	return p, x.client.lookUp(ctx, ask)
}

// query is what a page is asked for. Nothing says that a cursor holds the filters, so all of them
// are sent with it again.
func (x *Export) query(after string) url.Values {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if !x.from.IsZero() {
		query.Set("start_date", x.from.UTC().AddDate(0, 0, -1).Format(time.DateOnly))
	}
	if !x.to.IsZero() {
		query.Set("end_date", x.to.UTC().AddDate(0, 0, 1).Format(time.DateOnly))
	}
	if after != "" {
		query.Set("after", after)
	}
	return query
}
