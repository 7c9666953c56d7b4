package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestOneLinkAnswersThePublishedEnvelope(t *testing.T) {
	s := open(t, sandbox.Config{})
	out := s.call(t, ask(fields{"subscriberId": "ada@example.com"}))

	want := fmt.Sprintf(`{"meta":{"requestId":%q,"httpStatus":200},"result":{"onelink":%q}}`,
		out.Meta.RequestID, out.link())
	if out.status != 200 || out.raw != want {
		t.Errorf("got %d %s\nwant 200 %s", out.status, out.raw, want)
	}
	if ct := out.header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if !strings.HasPrefix(out.link(), s.url+"/pay/") || !strings.HasPrefix(out.link(), "https://") {
		t.Errorf("link %q does not lead to the sandbox", out.link())
	}
	if out.Meta.RequestID == "" || s.call(t, ask(nil)).Meta.RequestID == out.Meta.RequestID {
		t.Error("request ids are not unique")
	}
}
