package linkgen

import (
	"errors"
	"net/http"
)

// Described is an API request for people.
type Described struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   any               `json:"body"`
}

const hidden = "(hidden)"

// Describe returns the exact API request that Link would send for o, with secrets hidden and the random part of the
// attribution left out. It sends nothing. The subscriber is in it: it is for the operator, not for a log.
func (g *Generator) Describe(o Order) (Described, error) {
	p, ok := g.projects[o.Project]
	if !ok {
		return Described{}, errors.New("the order names a project that is not configured")
	}
	if e := o.check(); e != nil {
		return Described{}, e.cause
	}
	body := p.wireBody(&o, g.attribution(&o, g.SubscriberHash(o.Subscriber.ID), ""))
	body["applicationKey"] = hidden
	d := Described{Method: http.MethodPost, URL: p.endpoint, Header: make(map[string]string), Body: body}
	for _, h := range p.headers() {
		d.Header[h.name] = h.value
		if h.secret {
			d.Header[h.name] = hidden
		}
	}
	return d, nil
}
