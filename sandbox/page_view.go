package sandbox

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// view is what the pages show. The templates leave out what is empty.
type view struct {
	// of every page; Nonce allows its own style and script, and no other
	Heading     string
	Description string
	Notice      string
	Nonce       string
	SuccessURL  string

	// of a checkout
	Link           Link
	Offer          BaseLink
	Product        string
	AdditionalText string
	Button         string
	Picture        string
	Typed          string // into the form, and refused
	Subscription   bool
	Period         string // such as "per month"
	Remaining      remaining
	Fields         []field
	Unconfirmed    bool

	// of a receipt
	Payment Payment
	Events  []Event
}

// newCheckout is the page of a link: what the call says, else the base link.
func newCheckout(l Link, now time.Time) view {
	offer := l.product()
	v := view{
		Link:  l,
		Offer: offer,
		Heading: cmp.Or(text(l.Fields, "title"), l.Base.Title, l.PackageName,
			l.Base.PackageName),
		Description:    cmp.Or(text(l.Fields, "description"), l.Base.Description),
		Product:        cmp.Or(l.PackageName, l.Base.PackageName),
		AdditionalText: cmp.Or(l.AdditionalText, l.Base.AdditionalText),
		Button: cmp.Or(text(l.Fields, "buttonText"), l.Base.ButtonText,
			"Pay "+offer.Price+" "+offer.Currency),
		Subscription: offer.PaymentType == Subscription,
		Period:       perPeriod(offer.Period),
		Remaining:    remaining(l.ExpiresAt.Sub(now)),
		Fields:       fieldsOf(l),
	}
	if v.Product == v.Heading {
		v.Product = "" // said already
	}
	for _, f := range v.Fields {
		v.Unconfirmed = v.Unconfirmed || f.unconfirmed
	}
	return v
}

// ownPicture returns an image that lies on the host of the page, so that
// looking at it needs no other one; foreign images are only named in the table.
func ownPicture(r *http.Request, image string) string {
	u, err := url.Parse(image)
	if err != nil || !isWebURL(image) || u.Hostname() != hostname(r.Host) {
		return ""
	}
	return image
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// remaining is the rest of a link's hour.
type remaining time.Duration

// Seconds is what the page's script counts down from.
func (d remaining) Seconds() int { return int(time.Duration(d).Round(time.Second) / time.Second) }

// Clock writes 59:07, for a reader.
func (d remaining) Clock() string { return fmt.Sprintf("%d:%02d", d.Seconds()/60, d.Seconds()%60) }

// ISO writes PT59M7S, a duration of ISO 8601, for the datetime attribute.
func (d remaining) ISO() string { return fmt.Sprintf("PT%dM%dS", d.Seconds()/60, d.Seconds()%60) }
