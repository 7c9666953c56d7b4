package main

import (
	"context"
	"errors"
	"net/http"
)

// page is a small page, the same on both routes.
const page = "respond `<!doctype html><title>Pricing</title><h1>Pro</h1>" +
	"<p>All of it, for one price.</p><a href=/upgrade>Buy</a>` 200"

// measureOffer compares a page with the same page behind checkout_offer.
func measureOffer(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "Server CPU per page through `checkout_offer`, by CPU per the same page without it",
		head:  ratioHead,
	}
	s := shop{campaigns: plain, routes: []route{
		{otherPath, page},
		{oursPath, "checkout_offer pro\n\t\t" + page},
	}}
	c, err := l.twoRoutes(ctx, s, "", "offer", http.StatusOK,
		func(_, _ *http.Response, ours, other string) error {
			if ours != other || ours == "" {
				return errors.New("the two pages differ")
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	t.add(c.row("page with an offer", offerBar)...)
	l.noteRun(&t)
	return []table{t}, nil
}
