package ledgertest

import (
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// firstExposure: two places, two variants, any number of times.
func (t *trier) firstExposure() {
	t.meets(ada, "cheaper", 1)
	t.meets(ada, "cheaper", 1)
	t.meets(bob, "control", 2)
	t.settle()
	t.meets(ada, "control", 3) // since some setting outside of the run has changed
	t.meets(bob, "control", 2.5)
	t.shows(40, "control 1-0 0 | cheaper 1-0 0 | 0")
}

// lateExposure: another node writes later what has happened before.
func (t *trier) lateExposure() {
	t.meets(ada, "cheaper", 5)
	t.buys("t1", ada, "9.99 EUR", 4) // before all that is known of them
	t.shows(40, "control 0-0 0 | cheaper 1-0 0 | 1")
	t.meets(ada, "control", 3)
	t.shows(40, "control 1-0 1 EUR 9.99 | cheaper 0-0 0 | 0")
	t.buys("t2", bob, "5.00 EUR", 6)
	t.meets(bob, "cheaper", 5.9)
	t.shows(40, "control 1-0 1 EUR 9.99 | cheaper 1-0 1 EUR 5.00 | 0")
}

// open: the last of a day closes the day.
func (t *trier) open() {
	t.meets(ada, "control", 1.1)
	t.meets(bob, "control", 2.1)
	t.buys("t1", ada, "9.99 EUR", 1.2)
	t.shows(15.9, "control 2-2 0 | cheaper 0-0 0 | 0")
	t.shows(16, "control 2-1 1 EUR 9.99 | cheaper 0-0 0 | 0")
	t.shows(17, "control 2-0 1 EUR 9.99 | cheaper 0-0 0 | 0")
}

// shortWindow: the parts of a day close one by one, and then the day as a whole.
func (t *trier) shortWindow() {
	t.run.Window = 10 * time.Minute
	t.begin(0, t.run)
	minute := 1.0 / (24 * 60)
	t.meets(ada, "control", 1+minute/2)
	t.meets(bob, "control", 1+30*minute)
	t.buys("t1", ada, "9.99 EUR", 1+9*minute)
	t.buys("t2", bob, "9.99 EUR", 1+41*minute) // too late
	t.shows(1+10.9*minute, "control 2-2 0 | cheaper 0-0 0 | 0")
	t.shows(1+11*minute, "control 2-1 1 EUR 9.99 | cheaper 0-0 0 | 0")
	t.shows(1+41*minute, "control 2-0 1 EUR 9.99 | cheaper 0-0 0 | 0")
	t.shows(2.1, "control 2-0 1 EUR 9.99 | cheaper 0-0 0 | 0")
	t.shows(50, "control 2-0 1 EUR 9.99 | cheaper 0-0 0 | 0")
}

// withinWindow: what is paid later is not counted, and a renewal is no second buyer.
func (t *trier) withinWindow() {
	t.meets(ada, "cheaper", 1)
	t.buys("t1", ada, "9.99 EUR", 1.01)
	t.renews("t1", "t2", "9.99 EUR", 8)
	t.renews("t1", "t3", "9.99 EUR", 14.9)
	t.renews("t1", "t4", "9.99 EUR", 15)
	t.buys("t5", ada, "1.00 EUR", 16)
	t.shows(40, "control 0-0 0 | cheaper 1-0 1 EUR 29.97 | 0")
}

func (t *trier) trial() {
	t.meets(ada, "cheaper", 1)
	t.buys("t1", ada, "0.00 EUR", 1.01)
	t.shows(40, "control 0-0 0 | cheaper 1-0 0 | 0")
	paid := t.sales["t1"]
	paid.Type, paid.Status, paid.Price = "trial_to_paid", "trial_to_paid", "9.99"
	paid.PurchasedAt, paid.CreatedAt = t.day(8), t.day(8)
	t.tells(paid, ledger.Attribution{})
	t.shows(40, "control 0-0 0 | cheaper 1-0 1 EUR 9.99 | 0")
}

// refunds: a part leaves a buyer, the whole does not, and what comes after the window is not taken
// off.
func (t *trier) refunds() {
	for _, who := range []string{ada, bob, "the hash of Eve"} {
		t.meets(who, "control", 1)
		t.buys("t of "+who, who, "10.00 EUR", 1.01)
	}
	t.givesBack("t of "+ada, "4.00", 2)
	t.givesBack("t of "+bob, "", 2)
	t.givesBack("t of the hash of Eve", "", 15)
	t.shows(40, "control 3-0 2 EUR 16.00 | cheaper 0-0 0 | 0")
	t.givesBack("t of "+ada, "6.00", 3) // now it is the whole
	t.shows(40, "control 3-0 1 EUR 10.00 | cheaper 0-0 0 | 0")
}

// onlyRefunds: a refund whose payment is not known waits for it; one that names no transaction
// makes nobody's outcome negative.
func (t *trier) onlyRefunds() {
	t.meets(ada, "control", 1)
	e := zotlo.Event{
		Kind: zotlo.WebhookRefund, Status: "start_paid", Price: "9.99", RefundPrice: "9.99",
		Currency: "EUR", CreatedAt: t.day(2), RefundedAt: t.day(2),
	}
	link := ledger.Attribution{
		Campaign: "pro", Experiment: "bf", Subscriber: ada, Minute: ledger.MinuteOf(t.day(1.5)),
	}
	t.tells(e, link)
	e.TransactionID = "t1"
	t.tells(e, link)
	t.shows(40, "control 1-0 0 | cheaper 0-0 0 | 0")
}

func (t *trier) currencies() {
	t.meets(ada, "control", 1)
	t.meets(bob, "control", 1)
	t.buys("t1", ada, "9.99 EUR", 1.01)
	t.buys("t2", ada, "500 TRY", 1.02)
	t.buys("t3", bob, "100 TRY", 1.02)
	t.shows(40, "control 2-0 2 EUR 9.99 TRY 600.00 | cheaper 0-0 0 | 0")
}

// unexposed: the link was made before they saw a variant.
func (t *trier) unexposed() {
	t.meets(ada, "control", 2)
	t.buys("t1", ada, "9.99 EUR", 1)
	t.renews("t1", "t2", "9.99 EUR", 8) // which belongs where its first charge does
	t.shows(40, "control 1-0 0 | cheaper 0-0 0 | 2")
	t.givesBack("t1", "", 9)
	t.shows(40, "control 1-0 0 | cheaper 0-0 0 | 2") // it was a payment all the same
}

// guest: they have no hash, or none that the experiment counts.
func (t *trier) guest() {
	byGuest := ledger.Attribution{Campaign: "pro", Minute: ledger.MinuteOf(t.day(1))}
	t.buysBy("t1", byGuest, "9.99 EUR", 1)
	t.buysBy("t2", ledger.Attribution{
		Campaign: "pro", Minute: ledger.MinuteOf(t.day(2)), Subscriber: bob,
	}, "9.99 EUR", 2)
	t.shows(40, "control 0-0 0 | cheaper 0-0 0 | 2")
}

func (t *trier) otherCampaign() {
	t.meets(ada, "control", 1)
	t.buysBy("t1", ledger.Attribution{
		Campaign: "basic", Minute: ledger.MinuteOf(t.day(2)), Subscriber: ada,
	}, "9.99 EUR", 2)
	t.buysBy("t2", ledger.Attribution{}, "9.99 EUR", 2)
	t.shows(40, "control 1-0 0 | cheaper 0-0 0 | 0")
}

// runs: each has its people, and its times.
func (t *trier) runs() {
	t.meets(ada, "control", 1)
	t.settle()
	old := t.run
	t.run = price("14.99")
	t.begin(5, t.run)
	t.begin(5.5, t.run) // a reload that changes something else
	t.meets(ada, "cheaper", 6)
	t.meets(bob, "control", 6)
	t.shows(40, "control 1-0 0 | cheaper 1-0 0 | 0", "control 1-0 0 | cheaper 0-0 0 | 0")
	t.begin(10, old)
	t.run = old
	t.meets(bob, "cheaper", 11)
	t.shows(40, "control 1-0 0 | cheaper 1-0 0 | 0", "control 1-0 0 | cheaper 1-0 0 | 0")
	all, err := t.ledger.Experiments(t.Context(), t.day(40))
	if err != nil {
		t.Fatal(err)
	}
	back, changed := all[0].Runs[0], all[0].Runs[1]
	if !back.Since.Equal(t.day(0)) || !back.Until.IsZero() ||
		!changed.Since.Equal(t.day(5)) || !changed.Until.Equal(t.day(10)) {
		t.Errorf("runs from %v until %v, and from %v until %v",
			back.Since, back.Until, changed.Since, changed.Until)
	}
}

// runOfLink: among the runs in which they were exposed, the one that ran when the link was made,
// else the latest.
func (t *trier) runOfLink() {
	old := t.run
	t.meets(ada, "control", 1)
	t.meets(bob, "control", 1)
	t.settle()
	t.run = price("14.99")
	t.begin(5, t.run)
	t.meets(ada, "cheaper", 6)
	t.settle()
	t.begin(8, old)
	t.buys("t1", ada, "1.00 EUR", 4)
	t.buys("t2", ada, "2.00 EUR", 7)
	t.buys("t3", ada, "4.00 EUR", 9)
	t.buys("t4", bob, "8.00 EUR", 7) // they were never exposed in the other one
	t.shows(40, "control 2-0 2 EUR 13.00 | cheaper 0-0 0 | 0", "control 0-0 0 | cheaper 1-0 1 EUR 2.00 | 0")
}

// rollOut: one node has the new configuration and one the old, and the new one's ledger was away
// when it began.
func (t *trier) rollOut() {
	before := t.run
	t.run = price("14.99")
	t.meets(ada, "cheaper", 5) // of which nobody has said that it began
	t.settle()
	after := t.run
	t.run = before
	t.meets(bob, "control", 5.1)
	t.begin(4, after)
	t.buys("t1", ada, "14.99 EUR", 5.2)
	t.buys("t2", bob, "9.99 EUR", 5.2)
	t.shows(40, "control 0-0 0 | cheaper 1-0 1 EUR 14.99 | 0", "control 1-0 1 EUR 9.99 | cheaper 0-0 0 | 0")
}

// gone: the experiment was taken out of the configuration; what was seen stays.
func (t *trier) gone() {
	t.meets(ada, "control", 1)
	t.begin(5)
	t.begin(6)
	t.shows(40, "control 1-0 0 | cheaper 0-0 0 | 0")
	all, err := t.ledger.Experiments(t.Context(), t.day(40))
	if err != nil || !all[0].Runs[0].Until.Equal(t.day(5)) {
		t.Errorf("%+v, %v", all, err)
	}
	t.buysBy("t1", ledger.Attribution{Campaign: "pro", Minute: ledger.MinuteOf(t.day(6))}, "1 EUR", 6)
	t.shows(40, "control 1-0 0 | cheaper 0-0 0 | 0")
}

func (t *trier) nobody() {
	t.shows(40, "control 0-0 0 | cheaper 0-0 0 | 0")
}

// otherWindow: the same run, with another outcome of its people.
func (t *trier) otherWindow() {
	t.meets(ada, "control", 1)
	t.meets(bob, "cheaper", 1)
	t.buys("t1", ada, "9.99 EUR", 1.5)
	t.buys("t2", bob, "9.99 EUR", 5)
	t.shows(40, "control 1-0 1 EUR 9.99 | cheaper 1-0 1 EUR 9.99 | 0")
	day := *t.run
	day.Window = 24 * time.Hour
	t.begin(30, &day)
	want := "control 1-0 1 EUR 9.99 | cheaper 1-0 0 | 0"
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := t.ledger.Experiments(t.Context(), t.day(40))
		if err != nil || time.Now().After(deadline) || runText(all[0].Runs[0]) == want {
			break
		}
	}
	t.shows(40, want)
	t.shows(2.05, "control 1-1 0 | cheaper 1-1 0 | 0")
}

func (t *trier) repeat() {
	t.meets(ada, "control", 1)
	for range 3 {
		t.buys("t1", ada, "9.99 EUR", 1.5)
	}
	t.givesBack("t1", "3.00", 2)
	t.givesBack("t1", "3.00", 2)
	t.shows(40, "control 1-0 1 EUR 6.99 | cheaper 0-0 0 | 0")
}

// manyAtOnce: of many people, all of them at once, some twice.
func (t *trier) manyAtOnce() {
	const people = 300
	for i := range 2 * people {
		variant := []string{"control", "cheaper"}[i%people%3%2]
		t.meets(fmt.Sprint("the hash of person ", i%people), variant, 1)
	}
	t.settle()
	done := make(chan error)
	for i := range people / 3 {
		go func() {
			who := fmt.Sprint("the hash of person ", 3*i+1)
			made := ledger.MinuteOf(t.day(1.1))
			_, err := t.ledger.Record(t.Context(), ledger.Delivery{
				Event: zotlo.Event{
					Kind: zotlo.WebhookPayment, Type: "consumable", Status: "consumable",
					TransactionID: who, Price: "1.00", Currency: "EUR", PurchasedAt: t.day(1.1),
				},
				Body: []byte(who),
				Attribution: ledger.Attribution{
					Campaign: "pro", Experiment: "bf", Subscriber: who, Minute: made,
				},
			})
			done <- err
		}()
	}
	for range people / 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.shows(40, "control 200-0 0 | cheaper 100-0 100 EUR 100.00 | 0")
}
