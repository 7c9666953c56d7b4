package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// This file knows which signed offers were paid, and which were revoked. An offer is an id that its
// issuer chose (jti, RFC 7519 section 4.1.7). A payment spends it and a click does not, for mail
// scanners click. The id itself is never kept.

// OfferLife is the longest that a signed offer may be good for. What is known of one is kept longer
// than that, whatever Config.Keep says: a spent offer that was forgotten would be a new one.
const OfferLife = 400 * 24 * time.Hour

// offerHashSize is the length of OfferHash before it is written as text, in bytes. The hash rides in
// every link of the offer, so it is short; two offers that share 96 bits are not met.
const offerHashSize = 12

// OfferHash is how links and the ledger name a signed offer. It has no key: a shopper who holds the
// offer knows its id anyway, and one that is hashed the same for ever stays spent when secrets change.
func OfferHash(id string) string {
	sum := sha256.Sum256([]byte("signed offer\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:offerHashSize])
}

// offer is the document of a signed offer. There is none of one that was neither paid nor revoked.
type offer struct {
	// OfferHash of its id, so that another ledger finds it under a key of its own.
	Hash string `cbor:"1,keyasint,omitempty" json:"hash,omitempty"`
	// Short hash of the transaction that spent it; empty: none has.
	Sale []byte `cbor:"2,keyasint,omitempty" json:"sale,omitempty"`
	// Nobody is to buy by it any more.
	Revoked bool `cbor:"3,keyasint,omitempty" json:"revoked,omitempty"`
}

// offerKey is that of an offer, by its OfferHash.
func (l *Ledger) offerKey(hash string) Key { return Key{kindOffer, l.codec.hash("offer", hash)} }

// offerEnd is until when an offer's document is kept. An offer may be good for all its life after
// the payment, and an hour more or less does not matter.
func (l *Ledger) offerEnd() time.Time { return l.now().Add(max(l.keep, OfferLife+24*time.Hour)) }

// spends reports whether a transaction is the sale that a signed offer led to. That is the first
// charge, a trial as well: the checkout that the offer was for succeeded. What Zotlo sold after it
// under the same link is the same use of the offer. A refund changes nothing: whoever is to buy
// again gets a new offer.
func (d *sale) spends() bool {
	return d.By.Offer != "" && d.begins() && d.Charges[0].Type != typeUpsell
}

// spend has the offer of a sale follow it. The first sale that is heard of spends it, and a later
// one finds it spent. It may be called again.
func (l *Ledger) spend(s Steps, key Key, d *sale) error {
	if !d.spends() {
		return nil
	}
	return change(l.codec, s, l.offerKey(d.By.Offer), func(o *offer) (time.Time, error) {
		if len(o.Sale) > 0 {
			return time.Time{}, errUnchanged
		}
		o.Hash, o.Sale = d.By.Offer, short(key.ID)
		return l.offerEnd(), nil
	})
}

// spentBefore reports whether another transaction had spent the offer that a sale was made by. Links
// that are out stay payable, so it can only be told.
func (l *Ledger) spentBefore(s Steps, key Key, d *sale) (bool, error) {
	if !d.spends() {
		return false, nil
	}
	var o offer
	_, err := look(l.codec, s.Read, l.offerKey(d.By.Offer), &o)
	return string(o.Sale) != string(short(key.ID)), err
}

// Revoke ends a signed offer by its OfferHash, whether or not anybody has used it yet. An unknown one
// is no error. A payment that comes all the same is counted.
func (l *Ledger) Revoke(ctx context.Context, hash string) error {
	return l.store.Do(ctx, func(s Steps) error {
		return change(l.codec, s, l.offerKey(hash), func(o *offer) (time.Time, error) {
			o.Hash, o.Revoked = hash, true
			return l.offerEnd(), nil
		})
	})
}

// merge takes in what another document of the same offer holds and this one lacks.
func (o *offer) merge(from *offer) (changed bool) {
	spent, revoked := len(o.Sale) == 0 && len(from.Sale) > 0, from.Revoked && !o.Revoked
	if spent {
		o.Sale = from.Sale
	}
	o.Hash, o.Revoked = from.Hash, o.Revoked || from.Revoked
	return spent || revoked
}
