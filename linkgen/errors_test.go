package linkgen

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

func TestEveryReasonHasAPublicText(t *testing.T) {
	for _, r := range []Reason{Limited, Busy, Throttled, Refused, UntrustedLink, Unavailable, Timeout, Left, Panicked} {
		if text := (&Error{Reason: r}).Error(); text == "" || strings.Contains(text, string(r)+":") {
			t.Errorf("%s: %q", r, text)
		}
	}
	if (&Error{Reason: "new"}).Error() == "" {
		t.Error("an unknown reason has no text")
	}
}

// Every way in which a call can fail means something for a shopper.
func TestEveryResultHasAReason(t *testing.T) {
	for _, result := range append(zotlo.Results(), zotlo.ResultOpen, zotlo.ResultBusy) {
		e := asked(&zotlo.Error{Result: result, RetryAfter: time.Second, Code: "1", Status: 2})
		bug := result == zotlo.ResultOK || result == zotlo.ResultPanic // no error has these
		if (e.Reason == Panicked) != bug {
			t.Errorf("%s means %s", result, e.Reason)
		}
		if e.RetryAfter != time.Second || e.Code != "1" || e.Status != 2 || e.result != result {
			t.Errorf("%s became %+v", result, e)
		}
	}
	if e := asked(errors.New("another")); e.Reason != Panicked {
		t.Errorf("an error of another type means %s", e.Reason)
	}
}
