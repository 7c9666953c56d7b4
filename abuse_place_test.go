package checkout_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAbuse32TokenInTheURL(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	token := tokenOf(claims("eve@example.com"))
	for _, name := range []string{"token", "session", "access_token", "jwt", "Authorization"} {
		s.denied(t, "a token in the query", s.visit(t, "/upgrade?"+name+"="+token), http.StatusUnauthorized)
	}
	s.wantCalls(t, 0)
	if err := s.reload(strings.Replace(guarded, "from cookie session", "from query token", 1)); err == nil || !strings.Contains(err.Error(), "from cookie") {
		t.Errorf("from query: %v", err)
	}
}

func TestAbuse33TossedCookies(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	good, evil := tokenOf(claims(ann)), tokenOf(claims("eve@example.com"))
	for _, cookies := range [][]string{
		{"session=" + evil + "; session=" + good},
		{"session=" + good + "; session=" + evil},
		{"session=" + good, "session=" + evil},
		{"session=rubbish; session=" + good},
		{"session=" + good + "; a=b; session=rubbish"},
	} {
		s.denied(t, "two cookies", s.visit(t, "/upgrade", header("Cookie", cookies...)), http.StatusUnauthorized)
	}
	s.wantCalls(t, 0)
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", header("Cookie", "session="+good+"; Session="+evil+"; xsession="+evil+"; session="+good)))
}

func TestAbuse34TwoTokens(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	good, evil := tokenOf(claims(ann)), tokenOf(claims("eve@example.com"))
	for name, how := range map[string]with{
		"two headers":      header("Authorization", "Bearer "+good, "Bearer "+evil),
		"two in a header":  header("Authorization", "Bearer "+good+", Bearer "+evil),
		"another spelling": header("Authorization_", "Bearer "+good),
		"Basic":            header("Authorization", "Basic "+good),
	} {
		s.denied(t, name, s.visit(t, "/upgrade", how), http.StatusUnauthorized)
	}
	s.denied(t, "a bad cookie, a good header", s.visit(t, "/upgrade", bearing("rubbish"), header("Authorization", "Bearer "+good)), http.StatusUnauthorized)
	s.wantCalls(t, 0)
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", bearing(good), header("Authorization", "Bearer "+evil)))
}
