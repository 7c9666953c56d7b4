package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// shoppers clicks at this worker's share of the rate, as one shopper after another of those who
// belong to it.
func (s *soak) shoppers(ctx context.Context, worker int) {
	client := newClient()
	defer client.CloseIdleConnections()
	random := rand.New(rand.NewPCG(uint64(worker), 1))
	paid := make(map[string]bool) // links that were paid before the click
	every(ctx, soakWorkers*time.Second/time.Duration(s.rate), func(ctx context.Context) {
		who := random.IntN(soakShoppers/soakWorkers)*soakWorkers + worker
		link, err := s.click(ctx, client, who, paid)
		if err == nil && link != "" && random.IntN(payOneIn) == 0 {
			err = s.pay(link, paid)
		}
		if err != nil && ctx.Err() == nil {
			s.fail(err)
		}
	})
}

// newClient is a browser that stays where it is when it is sent elsewhere.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 2},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// click judges one answer: a link of this shopper's that they have not paid, or the fallback, which
// is returned as "".
func (s *soak) click(
	ctx context.Context, client *http.Client, who int, paid map[string]bool,
) (string, error) {
	token, err := s.keys.token("HS256", who)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.site.addr+oursPath, nil)
	if err != nil {
		return "", err
	}
	req.AddCookie(&http.Cookie{Name: "session", Value: token})
	res, err := client.Do(req)
	for again := 0; again < 2 && closedUnread(err); again++ {
		s.unread.Add(1)
		res, err = client.Do(req)
	}
	if err != nil {
		return "", err
	}
	res.Body.Close()
	s.clicks.Add(1)
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("status %d, want 303", res.StatusCode)
	}
	if to == "/pricing" {
		s.falls.Add(1)
		return "", nil
	}
	link, known := s.zotlo.Link(to)
	switch {
	case !known:
		return "", errors.New("a link that Zotlo did not create, or created too long ago")
	case link.SubscriberID != email(who):
		return "", errors.New("somebody else's link")
	case paid[to] && s.cluster:
		s.stale.Add(1) // docs/operations.md: a failover may lose the last moment
		return "", nil
	case paid[to]:
		return "", errors.New("a link that is paid")
	}
	s.links.Add(1)
	return to, nil
}

// closedUnread reports that a request came to a server that a reload had just replaced, and was not
// read.
func closedUnread(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// pay pays a link and notes it in paid if the server knows of it. A webhook that did not arrive
// comes again in ten minutes; until then nobody there can know of the payment.
func (s *soak) pay(link string, paid map[string]bool) error {
	payment, err := s.zotlo.Pay(link)
	if err != nil {
		return err
	}
	s.paid.Add(1)
	if paid[link] = s.arrived(payment.TransactionID); !paid[link] {
		s.lost.Add(1)
	}
	return nil
}

// arrived reports whether the payment's webhook was answered with 200.
func (s *soak) arrived(transaction string) bool {
	for _, event := range slices.Backward(s.zotlo.Events()) {
		if event.Kind == sandbox.KindPayment && event.TransactionID == transaction {
			return event.State == sandbox.Delivered
		}
	}
	return false
}
