package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

func TestAbuse32TokenInTheURL(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	token := tokenOf(claims("eve@example.com"))
	for _, name := range []string{"token", "session", "access_token", "jwt", "Authorization"} {
		s.Denies(t, "a token in the query", http.StatusUnauthorized, "/upgrade?"+name+"="+token)
	}
	s.WantCalls(t, 0)
	err := s.Reload(strings.Replace(guarded, "from cookie session", "from query token", 1))
	if err == nil || !strings.Contains(err.Error(), "from cookie") {
		t.Errorf("from query: %v", err)
	}
}

func TestAbuse33TossedCookies(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	good, evil := tokenOf(claims(ann)), tokenOf(claims("eve@example.com"))
	for _, cookies := range [][]string{
		{"session=" + evil + "; session=" + good},
		{"session=" + good + "; session=" + evil},
		{"session=" + good, "session=" + evil},
		{"session=invalid; session=" + good},
		{"session=" + good + "; a=b; session=invalid"},
	} {
		s.Denies(t, "two cookies", http.StatusUnauthorized, "/upgrade",
			header("Cookie", cookies...))
	}
	s.WantCalls(t, 0)
	lookalikes := "; Session=" + evil + "; xsession=" + evil + "; session=" + good
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", header("Cookie", "session="+good+lookalikes)))
}

func TestAbuse34TwoTokens(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	good, evil := tokenOf(claims(ann)), tokenOf(claims("eve@example.com"))
	for name, how := range map[string]with{
		"two headers":      header("Authorization", "Bearer "+good, "Bearer "+evil),
		"two in a header":  header("Authorization", "Bearer "+good+", Bearer "+evil),
		"another spelling": header("Authorization_", "Bearer "+good),
		"Basic":            header("Authorization", "Basic "+good),
	} {
		s.Denies(t, name, http.StatusUnauthorized, "/upgrade", how)
	}
	s.Denies(t, "a bad cookie, a good header", http.StatusUnauthorized, "/upgrade",
		bearing("invalid"), header("Authorization", "Bearer "+good))
	s.WantCalls(t, 0)
	s.WantLinkOf(t, ann,
		s.Send(t, "/upgrade", bearing(good), header("Authorization", "Bearer "+evil)))
}
