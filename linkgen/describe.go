package linkgen

import (
	"errors"

	"github.com/caddy-checkout/checkout/zotlo"
)

// Describe returns the exact API request that Link would send for o, with secrets hidden and the
// random part of the attribution left out. It sends nothing. The subscriber is in it: it is for the
// operator, not for a log.
func (g *Generator) Describe(o Order) (zotlo.Described, error) {
	p, ok := g.projects[o.Project]
	if !ok {
		return zotlo.Described{}, errors.New("the order names a project that is not configured")
	}
	if e := o.check(); e != nil {
		return zotlo.Described{}, e.cause
	}
	checkout := ""
	if g.attribute != nil {
		checkout = g.attribute(o, g.SubscriberHash(o.Subscriber.ID), "")
	}
	return p.client.Describe(o.request(checkout)), nil
}
