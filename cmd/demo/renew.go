package main

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

// This file lets trouble be over at once. The module keeps away from an API that failed: for ten
// seconds, or as long as it was told to. That is right at home, and tiresome in a demo. What it has
// learned belongs to an address, so the stand-in gets another one.

// renewals count the addresses that the stand-in has had. A renewal holds the lock until the old
// configuration is gone.
type renewals struct {
	mu sync.Mutex
	n  int
}

// againPath begins every address of the stand-in's API but the first.
const againPath = "/again/"

// apiURL is the address that the module has now.
func (d *demo) apiURL() string {
	if d.renewed.n == 0 {
		return "http://" + d.api
	}
	return "http://" + d.api + againPath + strconv.Itoa(d.renewed.n)
}

// renew gives the module another address of the same API, as a reload at home would. It does not
// wait: the request that asks for it is one of those that the old configuration waits for.
func (d *demo) renew() {
	d.renewed.mu.Lock()
	d.renewed.n++
	address := d.apiURL()
	go func() {
		defer d.renewed.mu.Unlock()
		err := os.Setenv("DEMO_API", address)
		if err == nil && d.ctx.Err() == nil {
			err = loadCaddyfile()
		}
		if err != nil {
			d.shop.history.add(happening{Kind: kindLog, Text: "reloading: " + err.Error()})
		}
	}()
}

// atAnyAddress hands requests on as if the API had one address.
func atAnyAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, againPath); ok {
			_, path, _ := strings.Cut(rest, "/")
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = "/"+path, ""
		}
		next.ServeHTTP(w, r)
	})
}
