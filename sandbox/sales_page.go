package sandbox

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How many payments and webhooks the pages show, the newest first.
const shownOnPage = 200

// salesPages are the pages of what was sold.
type salesPages struct {
	books *books
	mail  *mail
}

// saleView is what they show. The templates leave out what is empty.
type saleView struct {
	Heading string
	Nonce   string
	Notice  string
	Back    string // a path from DoorPath on

	// of the list
	Payments []saleRow
	More     int // that are not shown
	Events   map[EventState]int

	// of one sale
	Payment      Payment
	Subscription *SubscriptionState
	Others       []saleRow // of the same purchase
	Webhooks     []Event
}

// saleRow is a line of a table: a payment and what became of its purchase.
type saleRow struct {
	Payment

	State string
}

// Day writes when it was paid.
func (r saleRow) Day() string { return shortDate(r.At) }

// shortDate writes a moment for a reader.
func shortDate(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04") }

// Date is shortDate for the templates.
func (saleView) Date(t time.Time) string { return shortDate(t) }

// tableRow is a saleRow with what its link begins with.
type tableRow struct {
	Row  saleRow
	Link string
}

// button is a command of a sale. Member is one that is set with it.
type button struct{ Command, Label, Member, ID string }

// Row and Act build both for the templates.
func (saleView) Row(r saleRow, link string) tableRow { return tableRow{r, link} }

// Act names the button and the member that its press sets, if any.
func (v saleView) Act(command, label string, member ...string) button {
	return button{command, label, strings.Join(member, ""), v.Payment.TransactionID}
}

// serve answers a page, unless there is none of that name.
func (s salesPages) serve(w http.ResponseWriter, rest string) bool {
	if rest == "" {
		s.show(w, http.StatusOK, "sales", s.list())
		return true
	}
	id, isSale := strings.CutPrefix(rest, "sales/")
	if !isSale {
		return false
	}
	if v, ok := s.sale(id); ok {
		s.show(w, http.StatusOK, "sale", v)
	} else {
		s.show(w, http.StatusNotFound, "refused", saleView{
			Heading: "No such sale", Back: "../",
			Notice: "It is forgotten, or there never was one.",
		})
	}
	return true
}

// pressed answers a button: with a redirect, so that reloading the page presses
// nothing again, or with what went wrong.
func (s salesPages) pressed(w http.ResponseWriter, transaction string, err error) {
	back := "./"
	if transaction != "" {
		back = "sales/" + url.PathEscape(transaction)
	}
	if err != nil {
		s.show(w, statusOf(err), "refused", saleView{
			Heading: "That cannot be done", Back: back,
			Notice: strings.TrimPrefix(err.Error(), "sandbox: "),
		})
		return
	}
	w.Header().Set("Location", back)
	setPageHeader(w, "default-src 'none'")
	w.WriteHeader(http.StatusSeeOther)
}

// show renders a template. Its scripts and styles are allowed by a nonce that nobody can guess, made
// anew for every answer.
func (s salesPages) show(w http.ResponseWriter, status int, name string, v saleView) {
	v.Nonce = rand.Text()
	render(w, status, name, v.Nonce, "", v)
}

// list is what the page of all sales shows.
func (s salesPages) list() saleView {
	v := saleView{Heading: "What was sold", Events: make(map[EventState]int)}
	for _, e := range s.mail.Events() {
		v.Events[e.State]++
	}
	v.Payments = s.rows(func(Payment) bool { return true })
	v.More = max(len(v.Payments)-shownOnPage, 0)
	v.Payments = v.Payments[:len(v.Payments)-v.More]
	return v
}

// sale is what the page of one sale shows.
func (s salesPages) sale(id string) (saleView, bool) {
	v := saleView{Heading: "Sale " + id}
	rows := s.rows(func(p Payment) bool { return p.TransactionID == id })
	if len(rows) == 0 {
		return v, false
	}
	v.Payment = rows[0].Payment
	if state, err := s.books.subscriptionOf(id); err == nil {
		v.Subscription = &state
	}
	v.Others = s.rows(func(p Payment) bool {
		return p.OriginalTransactionID == v.Payment.OriginalTransactionID
	})
	// Webhooks of the whole purchase: a refund names the payment, a renewal has its own.
	mine := make(map[string]bool)
	for _, r := range v.Others {
		mine[r.TransactionID] = true
	}
	for _, e := range s.mail.Events() {
		if mine[e.TransactionID] {
			v.Webhooks = append(v.Webhooks, e)
		}
	}
	slices.Reverse(v.Webhooks)
	v.Webhooks = v.Webhooks[:min(len(v.Webhooks), shownOnPage)]
	return v, true
}

// rows are the payments that match, the newest first, and how their purchases
// stand.
func (s salesPages) rows(match func(Payment) bool) []saleRow {
	// One look at all subscriptions, not one for each payment.
	states := make(map[string]string)
	for _, v := range s.books.Subscriptions() {
		states[v.OriginalTransactionID] = v.Words()
	}
	var rows []saleRow
	for _, p := range s.books.Payments() {
		if match(p) {
			state := "one-time"
			if p.PaymentType == Subscription {
				state = states[p.OriginalTransactionID]
			}
			rows = append(rows, saleRow{p, state})
		}
	}
	slices.Reverse(rows)
	return rows
}
