package zotlo

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// This file holds the endpoint that makes a personal link: "Generate Personalized Link",
// https://docs.zotlo.com/integrating-zotlo/api-reference/checkout-endpoints/generate-personalized-link.

// oneLinkPath is the endpoint's path below the project's API address.
const oneLinkPath = "/v2/app-to-web/one-link"

// LinkLife is how long Zotlo keeps a personal link.
const LinkLife = time.Hour

// LinkRequest is what a personal link is wanted for.
type LinkRequest struct {
	LinkID     string     // of the base link in the Zotlo Dashboard
	Subscriber string     // e-mail, phone or UUID; empty for a guest
	IP         netip.Addr // Zotlo may choose price and currency by its country; left out when not valid
	Language   string     // of the checkout page; empty means "en"
	Price      string     // decimal text, with Currency, or neither
	Currency   string
	Fields     []Field // further top-level fields; they replace none that LinkRequest has a name for
	Parameters []Field // custom parameters by dotted key; "checkout" is not one of them
	Checkout   string  // customParameters.checkout, which comes back with a payment; empty for none
	Once       bool    // no retry: nobody waits for the link
}

// Field is a name and its value. A field without a value is not sent. It is a plain struct, so that
// fields of another package need no copying.
type Field = struct{ Name, Value string }

// Link is a personal link.
type Link struct {
	URL  string
	Made time.Time // when the call that made it began; the link lives for LinkLife from then on
}

// OneLink makes a personal link. Call TakeTurn before it. Its error is an *Error. A link that
// Config.CheckLink does not accept ends in ResultUntrusted: it leads a shopper away, so a bad one
// is worse than none.
func (c *Client) OneLink(ctx context.Context, r LinkRequest) (Link, error) {
	body, err := json.Marshal(r.wire(c.project.ApplicationKey))
	if err != nil {
		return Link{}, failed(ResultRefused, "writing the API request: %w", err)
	}
	var link Link
	began, e := c.do(ctx, request{
		method: http.MethodPost, path: oneLinkPath, body: body, once: r.Once,
		timeout: c.timeout, maxAnswer: maxAnswer, judge: answer.judge,
		read: func(a answer) *Error {
			// An answer that says success and holds no link is a change of the API, and none of the
			// shopper's doing.
			if link.URL = findLink(a.body); link.URL == "" {
				return a.say(ResultBadAnswer)
			}
			if err := c.checkLink(link.URL); err != nil {
				e := a.say(ResultUntrusted)
				e.cause = err
				return e
			}
			return nil
		},
	})
	if e != nil {
		return Link{}, e
	}
	link.Made = began
	return link, nil
}

// Described is an API request for people. Its JSON names are part of what the command line prints.
type Described struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   any               `json:"body"`
}

// hidden stands in a description in place of a secret.
const hidden = "(hidden)"

// Describe returns the exact request that OneLink would send for r, with secrets hidden. It sends
// nothing. The subscriber is in it: it is for the operator, not for a log.
func (c *Client) Describe(r LinkRequest) Described {
	d := Described{
		Method: http.MethodPost, URL: c.project.API() + oneLinkPath,
		Header: make(map[string]string), Body: r.wire(hidden),
	}
	for _, h := range c.project.headers() {
		d.Header[h.name] = h.value
		if h.secret {
			d.Header[h.name] = hidden
		}
	}
	return d
}

// wire is the request's JSON object. Scalars are strings, as in Zotlo's sample, and what has no
// value is left out. The fields that LinkRequest has names for are written last: a Field cannot
// replace them.
func (r *LinkRequest) wire(applicationKey string) map[string]any {
	body := make(map[string]any, 8+len(r.Fields))
	set := func(name, value string) {
		if value != "" {
			body[name] = value
		}
	}
	for _, f := range r.Fields {
		set(f.Name, f.Value)
	}
	// The names that are always written below need no deleting.
	for _, name := range []string{
		"subscriberId", "subscriberIpAddress", "customPrice", "customCurrency",
	} {
		delete(body, name)
	}
	body["applicationKey"] = applicationKey
	body["checkoutLinkId"] = r.LinkID
	body["language"] = "en"
	set("language", r.Language)
	set("subscriberId", r.Subscriber)
	if r.IP.IsValid() {
		body["subscriberIpAddress"] = r.IP.Unmap().WithZone("").String()
	}
	set("customPrice", r.Price)
	set("customCurrency", r.Currency)
	body["customParameters"] = CustomParameters(r.Parameters, r.Checkout)
	return body
}

// nest turns dotted keys into nested objects. Where one key asks for a text and another for an
// object in the same place, the later one wins. A parameter without a value is left out.
func nest(parameters []Field) map[string]any {
	root := make(map[string]any, len(parameters)+1)
	for _, p := range parameters {
		if p.Value == "" {
			continue
		}
		at := root
		path := strings.Split(p.Name, ".")
		for _, step := range path[:len(path)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = make(map[string]any)
				at[step] = next
			}
			at = next
		}
		at[path[len(path)-1]] = p.Value
	}
	return root
}

// findLink looks where the link should be, result.onelink, then in the two places it may be if that
// guess is wrong: one object further down (the form URL of the v1 API was), or at the top.
func findLink(top looseObject) string {
	result := top.object("result") // [] on errors
	if link := linkText(result["onelink"]); link != "" {
		return link
	}
	// Sorted, so that the same answer always gives the same link.
	for _, name := range slices.Sorted(maps.Keys(result)) {
		if link := linkText(result.object(name)["onelink"]); link != "" {
			return link
		}
	}
	return linkText(top["onelink"])
}

// linkText is a JSON text exactly as it was sent: a link is checked, never repaired.
func linkText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
