package caddymodule

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/linkgen"
)

// parseRate reads a rate such as 10/1m; an empty text is the zero rate.
func parseRate(text string) (linkgen.Rate, error) {
	if text == "" {
		return linkgen.Rate{}, nil
	}
	events, per, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(events)
	if !ok || err != nil || n <= 0 {
		return linkgen.Rate{}, fmt.Errorf("%q is not a rate: write events per duration, such as 10/1m", text)
	}
	d, err := caddy.ParseDuration(per)
	if err != nil || d < time.Millisecond {
		return linkgen.Rate{}, fmt.Errorf("%q is not a rate: %q is not a duration; write events per duration, such as 10/1m", text, per)
	}
	return linkgen.Rate{Events: n, Per: d}, nil
}
