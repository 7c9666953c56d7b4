package caddymodule

import (
	"context"
	"fmt"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

func TestShopperWhoWaitsForAFetchThatAReloadEndedHasNotLeft(t *testing.T) {
	ended := fmt.Errorf("%w: %w", auth.ErrKeysUnavailable, context.Canceled)
	gone, leave := context.WithCancel(t.Context())
	if got := identityOutcome(gone, ended); got != outcomeKeysUnavailable {
		t.Errorf("outcome %q of a shopper who waits", got)
	}
	leave()
	if got := identityOutcome(gone, ended); got != outcomeLeft {
		t.Errorf("outcome %q of a shopper who left", got)
	}
}
