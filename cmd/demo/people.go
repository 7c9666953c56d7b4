package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// person is somebody who can sign in. Nobody here exists.
type person struct {
	ID      string // the token's sub
	Name    string
	Given   string
	About   string // why a visitor of the demo might want to be this person
	Email   string
	Doubt   bool // the e-mail was never confirmed
	Phone   string
	Country string
	Locale  string
	Plan    string // at the start: free or plus
}

var people = []person{
	{
		ID: "ada", Name: "Ada Lindqvist", Given: "Ada", Email: "ada@kingfisher.example",
		Country: "SE", Locale: "en", Plan: planFree,
		About: "Sweden, English, free plan",
	},
	{
		ID: "deniz", Name: "Deniz Kaya", Given: "Deniz", Email: "deniz@kingfisher.example",
		Country: "TR", Locale: "tr", Plan: planFree,
		About: "Türkiye, Turkish, free plan: sees prices in lira",
	},
	{
		ID: "jonas", Name: "Jonas Weber", Given: "Jonas", Email: "jonas@kingfisher.example",
		Country: "DE", Locale: "de", Plan: planPlus,
		About: "Germany, German, a Plus member: gets a thank-you price",
	},
	{
		ID: "claire", Name: "Claire Moreau", Given: "Claire", Phone: "+33600000000", Country: "FR",
		Locale: "fr", Plan: planFree,
		About: "France, French, known by her phone number only",
	},
	{
		ID: "marta", Name: "Marta Silva", Given: "Marta", Email: "marta@kingfisher.example",
		Country: "PT", Locale: "en", Plan: planFree,
		About: "Portugal, English, free plan",
	},
	{
		ID: "kofi", Name: "Kofi Mensah", Given: "Kofi", Email: "kofi@kingfisher.example",
		Country: "GH", Locale: "en", Plan: planFree,
		About: "Ghana, English, free plan",
	},
	{
		ID: "sam", Name: "Sam Reed", Given: "Sam", Email: "sam@kingfisher.example", Doubt: true,
		Country: "GB", Locale: "en", Plan: planFree,
		About: "Never confirmed the e-mail address, so no checkout is created for it",
	},
}

func personByID(id string) (person, bool) {
	for _, p := range people {
		if p.ID == id {
			return p, true
		}
	}
	return person{}, false
}

// bySubscriber finds whom a payment is for. Zotlo names phones without the plus.
func bySubscriber(id string) (person, bool) {
	for _, p := range people {
		if id != "" && (id == p.Email || "+"+id == p.Phone) {
			return p, true
		}
	}
	return person{}, false
}

// The plans.
const (
	planFree    = "free"
	planPlus    = "plus"
	planForever = "forever"
)

var planNames = map[string]string{
	planFree: "Listener (free)", planPlus: "Plus", planForever: "Forever",
}

// purchase is a payment that a webhook told the shop of.
type purchase struct {
	At    time.Time
	What  string
	Price string
}

// members is the shop's own record of who has what.
type members struct {
	storage *storage

	mu sync.Mutex
	accounts
}

// accounts is that record as it stands in the database.
type accounts struct {
	Plans     map[string]string
	Purchases map[string][]purchase
	Paid      map[string]bool // invoices by number
	Seen      map[string]bool // transactions, because webhooks may be repeated
}

// newMembers reads the record, and knows everybody.
func newMembers(s *storage) (*members, error) {
	m := &members{storage: s, accounts: accounts{
		Plans: make(map[string]string), Purchases: make(map[string][]purchase),
		Paid: make(map[string]bool), Seen: make(map[string]bool),
	}}
	for _, p := range people {
		m.Plans[p.ID] = p.Plan
	}
	return m, s.load("accounts", &m.accounts)
}

func (m *members) plan(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Plans[id]
}

// purchasesOf returns what somebody bought, newest first.
func (m *members) purchasesOf(id string) []purchase {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.Purchases[id])
	slices.Reverse(list)
	return list
}

func (m *members) isPaid(invoice string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Paid[invoice]
}

// book records a payment once, and says whether it was new. What cannot be saved is not recorded.
func (m *members) book(p payment) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Seen[p.TransactionID] {
		return false, nil
	}
	next := m.accounts.with(p, time.Now())
	if err := m.storage.save("accounts", next); err != nil {
		return false, err
	}
	m.accounts = next
	return true, nil
}

// with is a copy of the record that holds one more payment.
func (a accounts) with(p payment, now time.Time) accounts {
	next := accounts{
		maps.Clone(a.Plans), maps.Clone(a.Purchases), maps.Clone(a.Paid), maps.Clone(a.Seen),
	}
	next.Seen[p.TransactionID] = true
	buyer, known := bySubscriber(p.Subscriber)
	what := planNames[p.Package]
	switch {
	case p.Package == packageInvoice:
		next.Paid[p.Bill] = true
		what = "Invoice " + p.Bill
	case p.Package == planForever && known:
		next.Plans[buyer.ID] = planForever
	case p.Package == planPlus && known && a.Plans[buyer.ID] == planFree:
		next.Plans[buyer.ID] = planPlus
	}
	if known {
		next.Purchases[buyer.ID] = append(slices.Clip(a.Purchases[buyer.ID]), purchase{
			At: now, What: what, Price: fmt.Sprintf("%s %s", p.Price, p.Currency),
		})
	}
	return next
}
