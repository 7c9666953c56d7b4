package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

// Stories runs the stories of a ledger, each with a store of its own from open, which is to close
// it with t.Cleanup. The clock of the store must be time.Now. A store that passes keeps the
// promises of a ledger.
func Stories(t *testing.T, open func(t *testing.T) ledger.Store) {
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) { story.tell(newTeller(t, open)) })
	}
}

var stories = []struct {
	name string
	tell func(*teller)
}{
	{"a payment counts once, whatever id its delivery bears", (*teller).onceByTransaction},
	{"a trial and what is paid after it are two", (*teller).trialThenPaid},
	{"without a transaction, a delivery counts once", (*teller).onceByDelivery},
	{"of many copies at once, one counts", (*teller).copiesAtOnce},
	{"a refund counts once, and each part once", (*teller).refundOnce},
	{"who paid is known, whatever campaign sold it", (*teller).paid},
	{"how long a payment matters is decided by who asks", (*teller).within},
	{"a refund takes its own transaction back", (*teller).ownTransaction},
	{"a refund needs no attribution, and no subscriber", (*teller).bareRefund},
	{"a refund of another attribution takes its own transaction back", (*teller).strayRefund},
	{"a payment heard of after its refund stays given back", (*teller).lateRepeat},
	{"a part of the money takes nothing back", (*teller).part},
	{"parts that reach the price take the payment back", (*teller).parts},
	{"a refund without a transaction takes the last payment back", (*teller).namelessRefund},
	{"each state of a subscription is believed for its own time", (*teller).running},
	{"a pause runs until it ends", (*teller).paused},
	{"the refund of the latest charge ends a subscription", (*teller).endedByRefund},
	{"parts of a refund end it in any order", (*teller).refundInDisorder},
	{"what nobody understands keeps the state", (*teller).unsaid},
	{"what the newest leaves open is found later", (*teller).unsaidInDisorder},
	{"a plan may change between a trial and its payment", (*teller).planAfterTrial},
	{"of two states of one instant the same wins", (*teller).oneInstant},
	{"a subscription holds for all who were named", (*teller).holders},
	{"what is bought once is no subscription", (*teller).noSubscription},
	{"a difference from what the link asked for is told once", (*teller).mismatch},
	{"a refund that comes first waits for its payment", (*teller).early},
	{"no more is given back than was paid", (*teller).neverMore},
	{"a trial and what is paid after it may be one transaction", (*teller).oneTransaction},
	{"what was not finished counts with its repeat", (*teller).unfinished},
	{"what is sold after a payment is an upsell", (*teller).upsell},
	{"an upsell may be heard of first", (*teller).upsellFirst},
	{"a text that left its link attributes nothing", (*teller).stale},
	{"what follows is for what the first charge was for", (*teller).renewals},
	{"without the first charge a renewal has its own text", (*teller).unknownOriginal},
	{"a forged or cut text attributes nothing", (*teller).forged},
	{"a text of version 1 is believed", (*teller).versionOne},
	{"a price is that of one, and a discount is no difference", (*teller).quantities},
	{"a quote is compared with a first charge", (*teller).quotes},
	{"how long a state is believed", (*teller).states},
	{"states come in any order", (*teller).anyOrder},
	{"a full refund ends what is paid, and no more", (*teller).refundEnds},
	{"a subscription is everybody's whom it names", (*teller).statesOfAll},
	{"partners get what held on the day of each payment", (*teller).partnerShares},
	{"a refund takes back the share of its payment, in any order", (*teller).partnerRefunds},
	{"links of partners are counted", (*teller).partnerLinks},
	{"partners move with their ledger", (*teller).partnersMove},
	{"an export moves a ledger, once", (*teller).moving},
	{"an import adds what is lacking", (*teller).merging},
	{"an import cuts no life short", (*teller).lifeOfMerged},
	{"an export wants its secret", (*teller).otherSecret},
	{"an export that is cut off is refused", (*teller).cutOff},
	{"who was purged does not come back", (*teller).purge},
	{"a payment spends its offer, and a second one is told", (*teller).spending},
	{"a trial spends its offer, what follows is the same sale", (*teller).spendingTrial},
	{"an offer stays spent when the money is given back", (*teller).spentStays},
	{"what attributes nothing spends no offer", (*teller).spendingNothing},
	{"an offer is revoked, used or not", (*teller).revoking},
	{"spent and revoked offers move with the ledger", (*teller).offersMove},
	{"of many sales by one offer, one spends it", (*teller).raceForOffer},
	{"an unfinished sale by a spent offer is told once", (*teller).offerRepeat},
	{"what happened is known until it is taken back", (*teller).happens},
	{"events come in any order, and more than once", (*teller).eventsInAnyOrder},
	{"an event counts for as long as it says", (*teller).eventEnds},
	{"of too many events the oldest goes", (*teller).manyEvents},
	{"a batch with a mistake is not kept", (*teller).badBatch},
	{"many tell of one subscriber at once", (*teller).toldAtOnce},
	{"a batch that was cut off is told again", (*teller).eventsCutOff},
	{"as much as a backend may tell is kept", (*teller).mostEvents},
	{"what Zotlo says happened is an event", (*teller).zotlosEvents},
	{"events move with the ledger, and are forgotten with their subscriber", (*teller).eventsMove},
}

// teller has a verb for everything a story does. Its deliveries are numbered, since Zotlo gives
// each of them an id of its own.
type teller struct {
	*testing.T
	open       func(*testing.T) ledger.Store
	store      ledger.Store
	ledger     *ledger.Ledger
	deliveries int
	shares     map[string]int // of partners, in hundredths of a percent
}

func newTeller(t *testing.T, open func(*testing.T) ledger.Store) *teller {
	t.Helper()
	store := open(t)
	to := &teller{T: t, open: open, store: store, shares: map[string]int{}}
	l, err := ledger.Open(t.Context(), store, ledger.Config{
		Secrets: secrets,
		Share:   func(partner string) int { return to.shares[partner] },
		Failed:  func(operation string, err error) { t.Errorf("%s: %v", operation, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	to.ledger = l
	return to
}

// The shoppers of the stories. A ledger reads nothing in a subscriber's hash, so any text will do.
const (
	ada = "the hash of Ada"
	bob = "the hash of Bob"
)

// payment is a payment of 9.99 by transaction, sold by campaign.
func payment(transaction, campaign string) zotlo.Event {
	e := zotlo.Event{
		Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
		TransactionID: transaction, Price: "9.99", Currency: "EUR",
	}
	if campaign != "" {
		e.Checkout = []string{"c=" + campaign}
	}
	return e
}

// refund gives an amount of a payment back; an empty one is the whole price.
func refund(of zotlo.Event, amount string) zotlo.Event {
	of.Kind, of.RefundPrice = zotlo.WebhookRefund, amount
	return of
}

// secrets read the attributions of the stories, which are of version 1 and prove nothing.
var secrets = func() *ledger.Secrets {
	s, err := ledger.NewSecrets([]byte("the secret of the stories"))
	if err != nil {
		panic(err)
	}
	return s
}()

// delivery is e, about a payer, and perhaps about whom the link was for.
func delivery(e zotlo.Event, subscribers ...string) ledger.Delivery {
	d := ledger.Delivery{
		Event: e, Body: fmt.Append(nil, e), Attribution: secrets.Read(e.Checkout...),
	}
	if len(subscribers) > 0 {
		d.Payer = subscribers[0]
	}
	if len(subscribers) > 1 {
		d.Attribution.Subscriber = subscribers[1]
	}
	return d
}

// hears delivers e under a new id.
func (t *teller) hears(e zotlo.Event, subscribers ...string) ledger.News {
	t.Helper()
	t.deliveries++
	e.RequestID = fmt.Sprint("delivery ", t.deliveries)
	return t.record(e, subscribers...)
}

// record delivers e as it is. Whatever a story is about, a delivery either counts or is a repeat.
func (t *teller) record(e zotlo.Event, subscribers ...string) ledger.News {
	t.Helper()
	news, err := t.ledger.Record(t.Context(), delivery(e, subscribers...))
	if err != nil {
		t.Fatal(err)
	}
	if news.Counted == news.Repeated {
		t.Errorf("counted %v and repeated %v", news.Counted, news.Repeated)
	}
	return news
}

// counts delivers e under a new id, and wants it to count or to be a repeat.
func (t *teller) counts(want bool, e zotlo.Event, subscribers ...string) {
	t.Helper()
	if news := t.hears(e, subscribers...); news.Counted != want {
		t.Errorf("%s %q %q counts: %v, want %v", e.Kind, e.TransactionID, e.Status, news.Counted, want)
	}
}

// hasPaid asks whether a payment of the last hour is known for the campaign.
func (t *teller) hasPaid(want bool, subscriber, campaign string) {
	t.Helper()
	got := t.paidWithin(subscriber, campaign, time.Hour, time.Now())
	if got != want {
		t.Errorf("%s has paid for %q: %v, want %v", subscriber, campaign, got, want)
	}
}

// paidWithin asks for a payment that is less than within old.
func (t *teller) paidWithin(subscriber, campaign string, within time.Duration, now time.Time) bool {
	t.Helper()
	facts, err := t.ledger.Facts(t.Context(), subscriber, "")
	if err != nil {
		t.Fatal(err)
	}
	return facts.PaidRecently(campaign, within, now)
}
