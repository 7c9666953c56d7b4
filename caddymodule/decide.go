package caddymodule

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/claimvalue"
	"github.com/caddy-checkout/checkout/caddymodule/internal/matchindex"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// errNoSuchOffer means that a backend named a campaign that is not configured.
var errNoSuchOffer = errors.New("the backend named a campaign that is not configured")

// findOffer reads the signed offer of the request, if there is one, and finds its campaign. The error
// is a *signedoffer.RefusedError.
func (d *decision) findOffer(
	read func(token string) (*signedoffer.Offer, error),
) (*signedoffer.Offer, error) {
	token, err := d.rt.offer.Find(d.r)
	if err != nil || token == "" {
		return nil, err
	}
	signed, err := read(token)
	if err != nil {
		return nil, err
	}
	// Set at once, so that its fallback answers whatever else is wrong with the offer.
	if d.entry = d.rt.registry.byName[signed.Campaign]; d.entry == nil {
		return nil, signedoffer.Refuse(signedoffer.Unknown)
	}
	return signed, nil
}

// readOffer is findOffer for a request that somebody waits for.
func (d *decision) readOffer(token string) (*signedoffer.Offer, error) {
	return d.rt.signed.Read(d.r.Context(), token)
}

// decide chooses campaign, variant and overrides. Its errors are errNoSuchOffer and those of
// campaign.Decide; beside a *campaign.Error d.entry is set all the same, for its fallback. Where a
// signed offer has chosen the campaign, its error may be a *signedoffer.RefusedError.
func (d *decision) decide() error {
	if d.signed != nil {
		return d.decideSigned()
	}
	entries, campaigns, ok := d.rt.offers(d.repl)
	if !ok {
		return errNoSuchOffer
	}
	if d.rt.index != nil {
		entries, campaigns = d.narrowed(entries, campaigns)
	}
	d.entries = entries
	chosen, err := campaign.Decide(campaigns, d.campaignUser(), d, d.now)
	for _, failed := range chosen.Failed {
		metrics.MatcherErrors.WithLabelValues(failed.Campaign.Name()).Inc()
		d.rt.failures.Warn("a campaign was passed over: its matcher failed",
			zap.String("campaign", failed.Campaign.Name()), zap.NamedError("cause", failed))
	}
	if chosen.Index >= 0 {
		d.entry = entries[chosen.Index]
	}
	if err != nil {
		return err
	}
	d.take(chosen.Offer)
	return nil
}

// decideSigned is decide for the campaign of a signed offer. Its matchers are not asked: the offer
// has chosen it. Off, not begun or over, it ends the offer.
func (d *decision) decideSigned() error {
	chosen, err := d.entry.Decide(d.campaignUser(), d, d.now)
	switch {
	case errors.Is(err, campaign.ErrNone):
		return signedoffer.Refuse(offerState(d.entry.State(d.now)))
	case err != nil:
		return err
	}
	d.take(chosen.Offer)
	return nil
}

// offerState is the rule by which an offer is refused whose campaign is not active.
func offerState(campaign string) string {
	if campaign == "scheduled" {
		return signedoffer.Scheduled
	}
	return signedoffer.Over
}

// take makes the offer the decision's.
func (d *decision) take(offer *campaign.Offer) {
	d.offer = offer
	if d.entry.hashWatch != nil {
		d.watchHashAttribute()
	}
	if len(d.offer.Dropped)+len(d.offer.Unusable) > 0 {
		d.tellDropped()
	}
}

// tellDropped counts the values that the offer does without. Of those that were there, but
// unusable, it warns as well, once for each cause: a metric cannot tell a click id that is too long
// from a visitor who has none.
func (d *decision) tellDropped() {
	for _, option := range d.offer.Dropped {
		metrics.OverridesDropped.WithLabelValues(d.entry.Name(), option).Inc()
	}
	for _, cause := range d.offer.Unusable {
		if _, told := d.rt.unusable.LoadOrStore(d.entry.Name()+": "+cause, nil); !told {
			d.rt.log.Warn("an override was left out: its value cannot be used",
				zap.String("campaign", d.entry.Name()), zap.String("cause", cause))
		}
	}
}

// campaignUser is who asks, as package campaign wants it.
func (d *decision) campaignUser() campaign.User {
	if d.user == nil {
		return campaign.User{}
	}
	return campaign.User{Subscriber: d.user.Subscriber.ID, Claims: d.user}
}

// Match asks a campaign's matchers.
func (d *decision) Match(index int) (bool, error) {
	matchers := d.entries[index].matchers
	if len(matchers) == 0 {
		return true, nil
	}
	return matchers.AnyMatchWithError(d.r)
}

// Partner reports whether the campaign at this place is for the partner who has sent the visitor.
func (d *decision) Partner(index int) bool { return d.visit().IsFor(d.entries[index].partners) }

// Value is the value of a placeholder.
func (d *decision) Value(key string) (string, bool) { return d.repl.GetString(key) }

// Trusted reports whether no visitor can write the placeholder.
func (d *decision) Trusted(key string) bool { return d.rt.trusts(key) }

// maxLanguageHeader bounds the Accept-Language that is remembered. A browser's has below a hundred
// bytes; without a bound a few thousand visitors could fill the memory.
const maxLanguageHeader = 256

// remembered is the order for the offer with its cache key, of a user who is remembered; nil for all
// others, whose order is prepared for this request alone.
func (d *decision) remembered(ip netip.Addr) *linkgen.Prepared {
	if d.user == nil || !d.user.Remembered || d.entry.dynamic || d.signed != nil {
		return nil
	}
	q := question{offer: d.offer, ip: ip}
	if d.rt.partners != nil {
		q.partner = d.partner()
	}
	if d.offer.Language == "" && d.rt.severalLanguages {
		q.language = strings.Join(d.r.Header["Accept-Language"], ", ")
	}
	if kept, ok := d.user.Note.Load().(*keptOrder); ok && kept.question == q {
		return kept.order
	}
	p := d.rt.generator.Prepare(d.order(ip))
	if len(q.language) <= maxLanguageHeader {
		// What they are cut out of, a table of partners and a request, may go.
		q.partner, q.language = strings.Clone(q.partner), strings.Clone(q.language)
		d.user.Note.Store(&keptOrder{q, p})
	}
	return p
}

// partner is who has sent the visitor, as it is written into a payment; empty for nobody.
func (d *decision) partner() string {
	p := d.visit().Partner()
	if !p.Known() {
		return ""
	}
	return p.Attribution()
}

// order says which link the offer wants.
func (d *decision) order(ip netip.Addr) linkgen.Order {
	o := linkgen.Order{
		Project: d.entry.project, IP: ip, Language: d.language(), LinkID: d.offer.LinkID,
		Price: d.offer.Price.Amount, Currency: d.offer.Price.Currency,
		Fields: d.offer.Fields, Parameters: d.offer.Parameters,
		Campaign: d.entry.Name(), Offer: d.offerHash(),
		Quote: d.offer.Quote.Amount, QuoteCurrency: d.offer.Quote.Currency,
		Partner: d.partner(),
	}
	if user, ok := d.knownUser(); ok {
		if d.offer.Counted { // else the payment belongs to the campaign, never to a variant
			o.Experiment, o.Variant = d.offer.Experiment, d.offer.Variant
		}
		o.Subscriber = linkgen.Subscriber{
			Kind: string(user.Subscriber.Kind), ID: user.Subscriber.ID, Issuer: user.Issuer,
		}
	}
	return o
}

// attribution is what a page hands to a checkout of its own, so that its payment finds the campaign:
// what a link made now would carry, with a random text of its own.
func (d *decision) attribution() string {
	return d.attributionWith(rand.Text()[:randomLength])
}

func (d *decision) attributionWith(random string) string {
	order := d.order(netip.Addr{})
	hash := d.rt.generator.SubscriberHash(order.Subscriber.ID)
	return attributeWith(d.rt.secrets)(order, hash, random)
}

// randomLength is how much of a random text tells two attributions apart: 80 bits.
const randomLength = 16

// language is the campaign's, else the user's locale, else the browser's.
func (d *decision) language() string {
	if d.offer.Language != "" {
		return d.offer.Language
	}
	locale := ""
	if d.user != nil {
		locale, _ = d.user.Claim("locale")
	}
	return d.rt.languages.Match(locale, strings.Join(d.r.Header["Accept-Language"], ", "))
}

// narrowed are those of a long list that could match the request. Asking all of them would choose
// the same one.
func (d *decision) narrowed(
	entries []*entry, campaigns []*campaign.Campaign,
) (few []*entry, ofThem []*campaign.Campaign) {
	request := matchindex.Request{R: d.r, Repl: d.repl}
	places := d.rt.index.Candidates(func(key matchindex.Key) ([]string, bool) {
		switch key.Kind {
		case matchindex.Partner:
			return []string{d.visit().Partner().Key()}, true
		case matchindex.Claim:
			if d.user == nil {
				return nil, true
			}
			// Of a list any element counts, and a number has many texts: then all are asked.
			value, isText := claimvalue.Of(d.user, key.Name).(string)
			return []string{value}, isText
		}
		return request.Values(key)
	})
	for _, i := range places {
		few, ofThem = append(few, entries[i]), append(ofThem, campaigns[i])
	}
	return few, ofThem
}
