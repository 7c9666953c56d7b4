package ledgermodel

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// modelCatalog is what the shop of the model sells.
var modelCatalog = sandbox.Catalog{
	"monthly": {
		PackageID: "pro-monthly", Price: "9.99", Currency: "EUR", TrialPrice: "1.00",
	},
	"yearly": {PackageID: "pro-yearly", Price: "99.90", Currency: "USD", Period: "1 year"},
	"lifetime": {
		PackageID: "pro-lifetime", Price: "19900", Currency: "JPY",
		PaymentType: sandbox.Consumable,
	},
}

// sellFor sells so many times, a minute or two apart.
func (m *model) sellFor(sales int) {
	for range sales {
		m.clock.Advance(time.Second)
		switch {
		case m.chance(2):
			m.replay()
		case m.chance(3):
			m.sellStale()
		default:
			m.sell()
		}
	}
}

// partnerShares are the shop's partners, and what they get in hundredths of a percent.
var partnerShares = map[string]int{"MIRA10": 1250, "ben & co": 3333, "gratis": 0}

// source is a campaign of the shop, perhaps with an experiment.
func (m *model) source() ledger.Source {
	by := ledger.Source{Campaign: pick(m, []string{"black-friday", "welcome", "a & b"})}
	if by.Campaign == "welcome" {
		by.Experiment, by.Variant = "price", pick(m, []string{"control", "cheaper"})
	}
	if m.chance(40) {
		by.Partner = pick(m, slices.Sorted(maps.Keys(partnerShares)))
	}
	return by
}

// sell makes a link, sells under it, and perhaps something else after it.
func (m *model) sell() {
	id := pick(m, []string{"monthly", "yearly", "lifetime"})
	base := modelCatalog[id]
	r := zotlo.LinkRequest{LinkID: id, Subscriber: m.shopper(), IP: modelIP}
	p := &purchase{}
	a := ledger.Attribution{}
	if !m.chance(10) { // the others come by a link of the shop's own
		p.by = m.source()
		a = m.attribution(p.by)
	}
	switch {
	case m.chance(30):
		r.Price, r.Currency = "7.77", "EUR"
		a.Price, a.Currency = "7.77", "EUR"
	case m.chance(50):
		a.Quote, a.QuoteCurrency = base.Price, base.Currency
	}
	if p.by.Campaign != "" {
		p.text = secrets.Sign(a)
		r.Checkout = p.text
	}
	options, otherwise := m.options()
	p.first = m.pays(p, r, options)
	p.running = p.first.PaymentType == sandbox.Subscription
	asked := a.Quote != "" || a.Price != ""
	if otherwise && p.text != "" && asked && p.first.Status != sandbox.StatusTrial {
		m.books.differs(p.first.TransactionID)
	}
	m.sales = append(m.sales, p)
	if m.chance(8) {
		m.upsell(p)
	}
}

var modelIP = netip.MustParseAddr("203.0.113.7")

// attribution is that of a link which is made now.
func (m *model) attribution(by ledger.Source) ledger.Attribution {
	return ledger.Attribution{
		Campaign: by.Campaign, Experiment: by.Experiment, Variant: by.Variant, Partner: by.Partner,
		Subscriber: m.shopper(), Minute: ledger.MinuteOf(m.clock.Now()),
		Random: strconv.FormatUint(m.dice.Uint64(), 36),
	}
}

// options are what the shopper chooses on the page. Otherwise says that Zotlo charges another price
// than it showed.
func (m *model) options() (options []sandbox.PayOption, otherwise bool) {
	if m.chance(25) {
		options = append(options, sandbox.Trial())
	}
	if m.chance(15) {
		options = append(options, sandbox.Quantity(2+m.dice.IntN(4)))
	}
	if m.chance(5) {
		options = append(options, sandbox.As(m.shopper()))
	}
	switch {
	case m.chance(15):
		options = append(options, sandbox.WithDiscount(sandbox.Discount{
			Code: "SAVE", Percent: 1 + m.dice.IntN(100), Recurring: m.chance(50),
		}))
	case m.chance(3):
		options, otherwise = append(options, sandbox.Charge("3.33", "")), true
	}
	return options, otherwise
}

// pays has a link paid, and writes it into the books.
func (m *model) pays(
	p *purchase, r zotlo.LinkRequest, options []sandbox.PayOption,
) sandbox.Payment {
	paid, err := m.zotlo.Pay(m.link(r), options...)
	m.must(err)
	m.notes(p, paid)
	return paid
}

// notes writes a payment into the books.
func (m *model) notes(p *purchase, paid sandbox.Payment) {
	m.books.pay(p.by, paid)
	m.paid = append(m.paid, &paid)
	if paid.OriginalTransactionID == paid.TransactionID {
		m.books.sold[paid.TransactionID] = p.by
	}
}

// upsell sells something else under the link of a purchase. It costs another price than the link
// said, and that is no mismatch.
func (m *model) upsell(after *purchase) {
	m.clock.Advance(30 * time.Second)
	paid, err := m.zotlo.Upsell(after.first.TransactionID, sandbox.BaseLink{
		PackageID: "extra", Price: "4.50", PaymentType: sandbox.Consumable,
	})
	m.must(err)
	m.notes(after, paid)
	m.books.upsells[paid.TransactionID] = true
}

// sellStale sells under a text that is too old: it attributes nothing.
func (m *model) sellStale() {
	a := m.attribution(m.source())
	a.Minute = ledger.MinuteOf(m.clock.Now().Add(-4 * time.Hour))
	m.pays(&purchase{}, zotlo.LinkRequest{
		LinkID: "lifetime", Subscriber: m.shopper(), IP: modelIP, Checkout: secrets.Sign(a),
	}, nil)
}

// replay sells under the text of another payer's link, within its three hours: it attributes
// nothing, since it is known that the other one has paid.
func (m *model) replay() {
	if len(m.sales) == 0 {
		return
	}
	m.post.deliver()
	p := m.sales[len(m.sales)-1]
	known := m.books.paid[p.first.TransactionID]
	if p.text == "" || !known || m.clock.Now().Sub(p.first.At) > 2*time.Hour {
		return
	}
	m.clock.Advance(time.Minute)
	m.pays(&purchase{}, zotlo.LinkRequest{
		LinkID: "lifetime", Subscriber: "thief@example.com", IP: modelIP, Checkout: p.text,
	}, nil)
}

// live goes on with some of the subscriptions, and gives money back.
func (m *model) live() {
	for _, p := range m.sales {
		if p.running && m.chance(4) {
			m.clock.Advance(time.Second)
			m.goOn(p)
		}
	}
	for range len(m.paid) / modelDays / 4 {
		m.clock.Advance(time.Second)
		m.giveBack(pick(m, m.paid))
	}
}

// goOn lets one thing happen to a subscription.
func (m *model) goOn(p *purchase) {
	id := p.first.TransactionID
	var err error
	switch m.dice.IntN(12) {
	case 0:
		err = m.zotlo.Cancel(id)
	case 1:
		err = m.zotlo.FailRenewal(id)
	case 2:
		err = m.zotlo.Pause(id, m.clock.Now().Add(10*24*time.Hour))
	case 3:
		err = m.zotlo.Lapse(id)
	case 4:
		var paid sandbox.Payment
		if paid, err = m.zotlo.Recover(id); err == nil {
			m.notes(p, paid)
		}
	default:
		var paid sandbox.Payment
		if paid, err = m.zotlo.Renew(id); err == nil {
			m.notes(p, paid)
		}
	}
	if err != nil && !errors.Is(err, sandbox.ErrEnded) {
		m.Fatal(err)
	}
}

// giveBack gives a part of a payment back, or all that is left.
func (m *model) giveBack(of *sandbox.Payment) {
	amount := ""
	if m.chance(70) {
		amount = fmt.Sprintf("%d.%02d", m.dice.IntN(5), 1+m.dice.IntN(99))
	}
	var now sandbox.Payment
	var err error
	if amount == "" {
		now, err = m.zotlo.Refund(of.TransactionID)
	} else {
		now, err = m.zotlo.RefundPart(of.TransactionID, amount)
	}
	switch {
	case errors.Is(err, sandbox.ErrRefunded), errors.Is(err, sandbox.ErrRefundAmount):
		return
	case err != nil:
		m.Fatal(err)
	}
	m.books.refund(*of, now, m.clock.Now())
	*of = now
}
