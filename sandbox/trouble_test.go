package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestTroubleComesInOrder(t *testing.T) {
	s := open(t, sandbox.Config{})
	s.Fail(sandbox.ServerError())
	s.FailIf(func(r sandbox.Request) bool { return r.Body["subscriberId"] == "ada@example.com" },
		sandbox.BadRequest(400008))
	s.FailNext(2, sandbox.RateLimited(""))
	s.FailNext(1, sandbox.BadCredentials())
	s.FailNext(0, sandbox.NotJSON())

	var got []int
	for _, who := range []string{"ada", "bob", "bob", "ada", "bob"} {
		got = append(got, s.call(t, ask(fields{"subscriberId": who + "@example.com"})).status)
	}
	if diff := cmp.Diff([]int{429, 429, 401, 400, 500}, got); diff != "" {
		t.Error(diff)
	}
	s.FailNext(5, sandbox.NotJSON())
	s.Heal()
	s.link(t, fields{"subscriberId": "ada@example.com"})
	if n := len(s.Links()); n != 1 {
		t.Errorf("%d links created, failed calls included", n)
	}
}
