package main

import (
	"context"
	"net/http"
)

// links measures clicks that make a link and clicks that find it, and what lies in Redis then.
func (c *costs) links(ctx context.Context, l *lab) error {
	w, err := l.stand(ctx, shop{
		global: rateOf(1_000_000) + inRedis + fileBook, campaigns: plain,
		routes: []route{{oursPath, "checkout_link pro"}},
	})
	if err != nil {
		return err
	}
	defer w.stop()
	client, err := c.crowd(l, w, http.StatusSeeOther)
	if err != nil {
		return err
	}
	defer client.close()
	empty, err := w.usedMemory(ctx)
	if err != nil {
		return err
	}
	if err := w.spend(c, client, c.clicks, nodeMiss, redisMiss); err != nil {
		return err
	}
	full, err := w.usedMemory(ctx)
	if err != nil {
		return err
	}
	if err := w.spend(c, client, c.clicks, nodeHit, redisHit); err != nil {
		return err
	}
	// A link's name ends behind the braces that a subscriber's epoch ends with.
	if err := w.unlink(ctx, "checkout:*}:*"); err != nil {
		return err
	}
	epochs, err := w.usedMemory(ctx)
	c.bytes[redisLinkBytes], c.bytes[redisEpochBytes] = full-epochs, epochs-empty
	return err
}

// refusals measures clicks that the rate turns away.
func (c *costs) refusals(ctx context.Context, l *lab) error {
	w, err := l.stand(ctx, shop{
		global: "limits {\n\t\t\trate 1/24h\n\t\t}\n\t\t" + inRedis + fileBook, campaigns: plain,
		routes: []route{{oursPath, "checkout_link pro"}},
	})
	if err != nil {
		return err
	}
	defer w.stop()
	client, err := c.crowd(l, w, http.StatusServiceUnavailable)
	if err != nil {
		return err
	}
	defer client.close()
	return w.spend(c, client, c.clicks, nodeRefused, redisRefused)
}

// alone measures the same without a Redis.
func (c *costs) alone(ctx context.Context, l *lab) error {
	w, err := l.stand(ctx, shop{
		global: rateOf(1_000_000) + fileBook, campaigns: plain,
		routes: []route{{oursPath, "checkout_link pro"}},
	})
	if err != nil {
		return err
	}
	defer w.stop()
	client, err := c.crowd(l, w, http.StatusSeeOther)
	if err != nil {
		return err
	}
	defer client.close()
	if err := w.spend(c, client, c.clicks, memoryMiss, unused); err != nil {
		return err
	}
	return w.spend(c, client, c.clicks, memoryHit, unused)
}

// crowd are shoppers who have not clicked. Before them others have: connections, buffers and
// scripts are there.
func (c *costs) crowd(l *lab, w *stand, status int) (*client, error) {
	warm := 4 * l.conns
	requests, err := l.keys.clicks("HS256", oursPath, warm+c.clicks)
	if err != nil {
		return nil, err
	}
	for _, request := range requests[:warm/2] {
		if _, _, err := ask(w.site.addr, request); err != nil {
			return nil, err
		}
	}
	first, err := dial(w.site.addr, l.conns, status, repeat(requests[warm/2:warm]))
	if err != nil {
		return nil, err
	}
	defer first.close()
	if _, err := first.run(warm / 2); err != nil {
		return nil, err
	}
	return dial(w.site.addr, l.conns, status, repeat(requests[warm:]))
}
