package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caddy-checkout/checkout/bench/model"
)

// farTrip is how far away the Redis of the people is, and gathering how long the ledger waits for
// company before it writes the first of them down.
const (
	farTrip   = 20 * time.Millisecond
	gathering = 500 * time.Millisecond
)

// peopleTrial is how long nodes take to write people down whose ledger is in a Redis far away. A
// busy machine makes it farther, so the way there is measured.
func (l *lab) peopleTrial(ctx context.Context, c model.Costs) (trial, error) {
	people := min(l.crowd, 600)
	trip, err := l.measureTrip(ctx)
	if err != nil {
		return trial{}, err
	}
	return trial{
		fmt.Sprintf("time until %d people are written down, a Redis %v away", people, farTrip),
		"s",
		func(n int) float64 {
			h := model.Habit{Trip: trip.Seconds()}
			return gathering.Seconds() + float64(people)/h.Writes(c)/float64(n)
		},
		func(ctx context.Context, l *lab, n int) (float64, error) {
			return l.writtenDown(ctx, n, people)
		},
	}, nil
}

// measureTrip is how long a Caddy waits for a Redis that is far away, on average: a click on a link
// there takes one round trip, and little else.
func (l *lab) measureTrip(ctx context.Context) (time.Duration, error) {
	server, err := startRedis(ctx)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	far, err := listenFar(server.addr)
	if err != nil {
		return 0, err
	}
	defer far.Close()
	nodes, stop, err := l.nodesOf(ctx, 1, inRedis+fileBook, "REDIS="+far.Addr().String())
	if err != nil {
		return 0, err
	}
	defer stop()
	requests, err := l.keys.clicks("HS256", oursPath, 1)
	if err != nil {
		return 0, err
	}
	shopper, err := dial(nodes[0].addr, 1, http.StatusSeeOther, repeat(requests))
	if err != nil {
		return 0, err
	}
	defer shopper.close()
	if _, err := shopper.run(2); err != nil { // makes the link
		return 0, err
	}
	const clicks = 200
	took, err := shopper.run(clicks)
	return took / clicks, err
}

func (l *lab) writtenDown(ctx context.Context, n, people int) (float64, error) {
	server, err := startRedis(ctx)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	far, err := listenFar(server.addr)
	if err != nil {
		return 0, err
	}
	defer far.Close()
	s := shop{
		global: redisBook, campaigns: inExperiment,
		routes: []route{{oursPath, "checkout_link pro"}},
	}
	nodes, stop, err := l.startAll(ctx, n, s, "REDIS="+far.Addr().String())
	if err != nil {
		return 0, err
	}
	defer stop()
	requests, err := l.keys.clicks("HS256", oursPath, people+n)
	if err != nil {
		return 0, err
	}
	// The first person of a run takes longer, and so do connections.
	clients := make([]*client, n)
	for i, node := range nodes {
		from := i * (people + n) / n
		clients[i], err = dial(node.addr, 1, http.StatusSeeOther, repeat(requests[from:]))
		if err != nil {
			return 0, err
		}
		defer clients[i].close()
		if _, err := clients[i].run(1); err != nil {
			return 0, err
		}
	}
	if err := writtenBy(ctx, nodes, n); err != nil {
		return 0, err
	}
	start := time.Now()
	var all errgroup.Group
	for _, client := range clients {
		all.Go(func() error {
			_, err := client.run(people / n)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return 0, err
	}
	err = writtenBy(ctx, nodes, people/n*n+n)
	return time.Since(start).Seconds(), err
}

// writtenBy waits until the nodes together have written that many people down.
func writtenBy(ctx context.Context, nodes []*server, people int) error {
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		sum := 0.0
		for _, node := range nodes {
			n, err := node.metric(ctx, "caddy_checkout_exposures_total")
			if err != nil {
				return err
			}
			sum += n
		}
		if int(sum) >= people {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("not all of %d people were written down", people)
}

// listenFar passes connections on to a server, whose answers come later by farTrip.
func listenFar(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				near.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(far, near)
				far.Close()
			}()
			go func() {
				_, _ = io.Copy(late{near}, far)
				near.Close()
			}()
		}
	}()
	return listener, nil
}

// late writes what it is given after a while.
type late struct{ w io.Writer }

func (l late) Write(p []byte) (int, error) {
	time.Sleep(farTrip)
	return l.w.Write(p)
}
