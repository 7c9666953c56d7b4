package main

import (
	"net/http"
	"path"
	"strings"

	"github.com/caddy-checkout/checkout/sandbox"
)

// forgetsExpired lets the module forget the links of anyone who presses the checkout page's Expire
// button. A link that lives its hour outlives its ttl in the cache, so the module has no reason to
// know of one that did not.
func (d *demo) forgetsExpired(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page, ok := strings.CutSuffix(r.URL.Path, "/expire"); ok && r.Method == http.MethodPost {
			link, _ := d.sandbox.Link(path.Base(page))
			// An anonymous visitor's link is in no cache.
			if link.State == sandbox.Open && link.SubscriberID != "" {
				if err := d.purge(r, link.SubscriberID); err != nil {
					http.Error(w, "the admin API does not answer", http.StatusBadGateway)
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// purge does what `caddy checkout purge` does.
func (d *demo) purge(r *http.Request, subscriber string) error {
	var answer struct{ Subscriber string }
	question := map[string]string{"subscriber": subscriber}
	if err := d.askAdmin(r.Context(), "/checkout/purge", question, &answer); err != nil {
		return err
	}
	d.shop.history.add(happening{Kind: kindPurge})
	return nil
}
