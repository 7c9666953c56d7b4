package redisclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

const ada = "ada@example.com"

func TestAPanicIsAnErrorOfOneOperation(t *testing.T) {
	c, err := New(Config{URLs: []string{"redis://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Do(t.Context(), "get", func(context.Context) error { panic("secret " + ada) })
	if Kind(err) != "panic" || strings.Contains(err.Error(), ada) {
		t.Errorf("%v", err)
	}
}

func TestKindsSayWhatHappenedAndNothingElse(t *testing.T) {
	for err, want := range map[error]string{
		nil:                          "",
		context.Canceled:             "canceled",
		context.DeadlineExceeded:     "timeout",
		redis.ErrPoolTimeout:         "timeout",
		redis.ErrClosed:              "closed",
		gobreaker.ErrOpenState:       "open",
		gobreaker.ErrTooManyRequests: "open",
		errors.New("dial tcp: lookup redis." + ada + ": no such host"): "connection",
		errors.New("redis: can't parse \"" + ada + "\""):               "protocol",
		errPanic: "panic",
		fmt.Errorf("%w of checkout:{%s}", ErrCorrupt, ada): "corrupt",
		ErrTooLong: "too_long",
	} {
		wrapped := Wrap("get", err)
		if got := Kind(wrapped); got != want || Kind(err) != want {
			t.Errorf("%v is %q and %q, want %q", err, got, Kind(err), want)
		}
		if err != nil && (wrapped.Error() != "redis get: "+want || !errors.Is(wrapped, err) || Wrap("set", wrapped) != wrapped) {
			t.Errorf("%v wraps %v", wrapped, err)
		}
	}
}
