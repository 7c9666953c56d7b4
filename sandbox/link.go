package sandbox

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// LinkLifetime is how long a personal link can be opened and paid: one hour, as
// Zotlo's older page of the endpoint says.
//
// https://docs.zotlo.com/integrations/api-services/create-a-personalized-checkout-link
const LinkLifetime = time.Hour

// pagePath is what the paths of the hosted pages begin with; a link's id
// follows.
const pagePath = "/pay/"

// State says what became of a link.
type State string

// The states of a link. Only an open one can be opened and paid.
const (
	// Open: neither paid nor expired.
	Open State = "open"
	// Paid: somebody has paid it. It stays paid after its hour.
	Paid State = "paid"
	// Expired: its hour is over, or Expire has ended it.
	Expired State = "expired"
)

// Link is one personal link, as it was at the moment of asking: a copy.
type Link struct {
	// URL is what the API has answered, ID its last, unguessable part.
	URL string
	ID  string

	// What the call asked for; the names are those of the wire. Fields is the
	// whole call but its applicationKey. An empty SubscriberID is a guest.
	CheckoutLinkID      string
	SubscriberID        string
	SubscriberIPAddress string
	Language            string
	PackageName         string
	AdditionalText      string
	ProductImage        string
	CustomPrice         string
	CustomCurrency      string
	CustomParameters    map[string]any
	Fields              map[string]any

	// Base is the template it was created from.
	Base BaseLink
	// CreatedAt is on Config.Now, ExpiresAt is LinkLifetime later, even if
	// Expire has ended the link before.
	CreatedAt time.Time
	ExpiresAt time.Time
	State     State
	// TestMode says that it was created with the key of test mode.
	TestMode bool
	// Declined is how often the Fail button was pressed.
	Declined int
}

// Why a link cannot be opened or paid.
var (
	// ErrNoLink: there never was such a link, or it is forgotten.
	ErrNoLink = errors.New("sandbox: unknown link")
	// ErrPaid: a link is paid once only.
	ErrPaid = errors.New("sandbox: link is paid")
	// ErrExpired: its hour is over.
	ErrExpired = errors.New("sandbox: link is expired")
)

// link is what the sandbox remembers of a Link: the call undecoded, since most
// links are never looked at.
type link struct {
	id         string
	url        string
	raw        []byte
	subscriber string
	base       *BaseLink
	testMode   bool
	created    time.Time
	paidBy     string // the TransactionID, once paid
	expired    bool
	declined   int
}

// key is what the store finds a link by.
func (l *link) key() string { return l.id }

// state is what became of a link by now.
func (l *link) state(now time.Time) State {
	switch {
	case l.paidBy != "":
		return Paid
	case l.expired || !now.Before(l.created.Add(LinkLifetime)):
		return Expired
	}
	return Open
}

// export decodes the call and copies the link for a caller.
func (l *link) export(now time.Time) Link {
	fields, _ := decodeFields(l.raw) // it was checked when the link was created
	delete(fields, "applicationKey")
	parameters, _ := fields["customParameters"].(map[string]any)
	return Link{
		URL:                 l.url,
		ID:                  l.id,
		CheckoutLinkID:      text(fields, "checkoutLinkId"),
		SubscriberID:        l.subscriber,
		SubscriberIPAddress: text(fields, "subscriberIpAddress"),
		Language:            text(fields, "language"),
		PackageName:         text(fields, "packageName"),
		AdditionalText:      text(fields, "additionalText"),
		ProductImage:        text(fields, "productImage"),
		CustomPrice:         text(fields, "customPrice"),
		CustomCurrency:      text(fields, "customCurrency"),
		CustomParameters:    parameters,
		Fields:              fields,
		Base:                *l.base,
		CreatedAt:           l.created,
		ExpiresAt:           l.created.Add(LinkLifetime),
		State:               l.state(now),
		TestMode:            l.testMode,
		Declined:            l.declined,
	}
}

// parameters returns the custom parameters exactly as they were sent; nil if
// there are none.
func (l *link) parameters() json.RawMessage {
	// Not a struct: its names would match without regard to case.
	var call map[string]json.RawMessage
	_ = json.Unmarshal(l.raw, &call) // it was checked when the link was created
	return call["customParameters"]
}

// linkID is the id in the URL of a link or of one of its pages; a bare id is
// returned as it is.
func linkID(url string) string {
	if i := strings.LastIndex(url, pagePath); i >= 0 {
		url = url[i+len(pagePath):]
	}
	if i := strings.IndexAny(url, "/?#"); i >= 0 {
		url = url[:i]
	}
	return url
}

// product is what the link sells. The page treats a sale with a custom price as
// a one-time payment, whatever the package is.
func (l Link) product() BaseLink {
	product := l.Base
	if l.CustomPrice != "" {
		product.Price, product.Currency = l.CustomPrice, l.CustomCurrency
		product.PaymentType = Consumable
	}
	product.Price = twoDecimals(product.Price)
	return product
}
