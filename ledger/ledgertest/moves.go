package ledgertest

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// figures are the sums of all days that a story can reach.
func (t *teller) figures(l *ledger.Ledger) []ledger.Figure {
	t.Helper()
	figures, err := l.Days(t.Context(), time.Now().Add(-100*day), time.Now().Add(100*day))
	if err != nil {
		t.Fatal(err)
	}
	return figures
}

// business is a bit of everything that a ledger may hold. It returns the end of ada's subscription.
func (t *teller) business() (end time.Time) {
	end = time.Now().Truncate(time.Second).Add(20 * day)
	t.hears(charge(1, "t1", "start_paid", end), ada)
	t.hears(charge(2, "t2", "renewal", end), ada)
	t.hears(said(3, "active", "passive", end), ada)
	t.hears(under(madeNow("pro", "r1"), payment("t3", ""), 0), bob)
	t.hears(refund(payment("t3", ""), "2.00"))
	t.hears(refund(payment("t4", ""), "2.00"))                    // of a payment that is not known yet
	t.hears(refund(payment("", "pro"), "1.50"), bob)              // of no transaction
	t.hears(under(madeNow("pro", "r2"), payment("", ""), 0), bob) // nor this
	return end
}

// importInto brings an export into a ledger.
func (t *teller) importInto(l *ledger.Ledger, text string) ledger.Imported {
	t.Helper()
	done, err := l.Import(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// exported writes an export.
func (t *teller) exported(l *ledger.Ledger) string {
	t.Helper()
	var text strings.Builder
	if err := l.Export(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// another opens a ledger of another store.
func (t *teller) another(secrets *ledger.Secrets) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), t.open(t.T), ledger.Config{Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// moving: an export brings all facts into another store, once.
func (t *teller) moving() {
	end := t.business()
	text := t.exported(t.ledger)
	to := t.another(secrets)
	done := t.importInto(to, text)
	if done.Taken == 0 || done.Taken > done.Read || done.Passed != 0 {
		t.Errorf("an empty ledger has taken %+v", done)
	}
	if got, want := t.figures(to), t.figures(t.ledger); !reflect.DeepEqual(got, want) {
		t.Errorf("the days say\n%+v, want\n%+v", got, want)
	}
	was := Facts(t, to)
	if done := t.importInto(to, text); done.Taken != 0 {
		t.Errorf("a second import has taken %+v", done)
	}
	if d := Difference(was, Facts(t, to)); d != "" {
		t.Errorf("a second import has changed the ledger: %s", d)
	}
	t.ledger = to
	t.hasPaid(true, ada, "pro")
	t.counts(false, charge(2, "t2", "renewal", time.Time{}), ada)
	t.counts(false, refund(payment("t3", ""), "2.00"))
	t.lastsUntil("a subscription moves", end)
	t.counts(true, payment("t4", ""), bob) // its refund waited in the other ledger
	thief := under(madeNow("pro", "r1"), payment("t5", ""), time.Minute)
	thief.Checkout = []string{secrets.Sign(madeNow("pro", "r1"))}
	if p := t.hears(thief, ada).Payment; !p.Stale {
		t.Error("who paid under a link has not moved")
	}
}

// merging: a ledger that has facts of its own takes what it lacks, and no sums of days.
func (t *teller) merging() {
	t.business()
	text := t.exported(t.ledger)
	t.ledger = t.another(secrets)
	t.hears(charge(2, "t2", "renewal", time.Now().Add(20*day)), ada)
	t.hears(payment("t9", ""), bob)
	t.importInto(t.ledger, text)
	t.importInto(t.ledger, text)
	// business without what names no transaction, and t9
	t.sums(5, 5*9_9900, 0, 2_0000+1_5000)
}

// lifeOfMerged: what is here already stays for as long as it would have, whatever end the other
// ledger had for it.
func (t *teller) lifeOfMerged() {
	t.business()
	ends := regexp.MustCompile(`"until":"[^"]*"`)
	soon := time.Now().UTC().Truncate(time.Hour).Add(2 * time.Hour).Format(time.RFC3339)
	text := ends.ReplaceAllString(t.exported(t.ledger), `"until":"`+soon+`"`)
	to := t.another(secrets)
	// The refund of it is lacking here, and comes with the import.
	if _, err := to.Record(t.Context(), delivery(payment("t3", ""), bob)); err != nil {
		t.Fatal(err)
	}
	t.importInto(to, text)
	if n := strings.Count(t.exported(to), `"until":"`+soon); n == 0 {
		t.Error("nothing has the end that the export says")
	}
	for line := range strings.Lines(t.exported(to)) {
		if strings.Contains(line, `"t3"`) && strings.Contains(line, soon) {
			t.Errorf("the import has cut a life short: %s", line)
		}
	}
}

// otherSecret: an export belongs to those who have its secret.
func (t *teller) otherSecret() {
	t.business()
	text := t.exported(t.ledger)
	other, err := ledger.NewSecrets([]byte("the secret of somebody else"))
	if err != nil {
		t.Fatal(err)
	}
	to := t.another(other)
	_, err = to.Import(t.Context(), strings.NewReader(text))
	if !errors.Is(err, ledger.ErrOtherSecret) {
		t.Errorf("an export of another secret: %v", err)
	}
	both, err := ledger.NewSecrets(
		[]byte("the secret of somebody else"), []byte("the secret of the stories"))
	if err != nil {
		t.Fatal(err)
	}
	to = t.another(both)
	// Ids of another key mean nothing here; what bears a transaction id has one all the same.
	if done := t.importInto(to, text); done.Taken == 0 || done.Passed == 0 {
		t.Errorf("with the old secret second it has taken %+v", done)
	}
}

// cutOff: an export that broke off is refused, and what is there of it does no harm.
func (t *teller) cutOff() {
	t.business()
	text := t.exported(t.ledger)
	to := t.another(secrets)
	lines := strings.SplitAfter(text, "\n")
	for n := range len(lines) - 1 {
		cut := strings.Join(lines[:n], "")
		if _, err := to.Import(t.Context(), strings.NewReader(cut)); err == nil {
			t.Errorf("an export of %d lines of %d is taken", n, len(lines)-1)
		}
	}
	half := text[:len(text)/2]
	if _, err := to.Import(t.Context(), strings.NewReader(half)); err == nil {
		t.Error("a line that broke off is taken")
	}
	t.importInto(to, text)
	if got, want := t.figures(to), t.figures(t.ledger); !reflect.DeepEqual(got, want) {
		t.Errorf("after all of it the days say\n%+v, want\n%+v", got, want)
	}
}

// purge: a subscriber is forgotten, and the same webhook takes nothing of them in again.
func (t *teller) purge() {
	end := time.Now().Truncate(time.Second).Add(20 * day)
	events := []zotlo.Event{
		charge(1, "t1", "start_paid", end), charge(2, "t2", "renewal", end),
		refund(charge(2, "t2", "renewal", end), "2.00"),
	}
	for _, e := range events {
		t.hears(e, ada, ada) // the link was for the payer
	}
	t.hears(payment("t9", "pro"), bob)
	if !strings.Contains(t.exported(t.ledger), `"person":`) {
		t.Error("whom the link was for is not there to be forgotten")
	}
	done, err := t.ledger.Purge(t.Context(), ada)
	if err != nil || done.Transactions != 2 || done.Subscriptions != 1 {
		t.Errorf("purged %+v, %v", done, err)
	}
	sums := t.figures(t.ledger)
	lines := t.exported(t.ledger)
	for _, id := range []string{`"t1"`, `"t2"`, `"person":`} {
		if strings.Contains(lines, id) {
			t.Errorf("%s is still there", id)
		}
	}
	for _, e := range events {
		t.counts(false, e, ada)
	}
	t.hasPaid(false, ada, "pro")
	t.runsNot("purged")
	t.hasPaid(true, bob, "pro")
	if got := t.figures(t.ledger); !reflect.DeepEqual(got, sums) {
		t.Errorf("the days say\n%+v, want\n%+v", got, sums)
	}
	if again, err := t.ledger.Purge(t.Context(), ada); err != nil || again != (ledger.Purged{}) {
		t.Errorf("a second purge: %+v, %v", again, err)
	}
}
