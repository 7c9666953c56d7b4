//go:build linux

package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/internal/testneed"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestNginxThatIsNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := measureNginx(t.Context(), new(lab)); err == nil ||
		!strings.Contains(err.Error(), "libnginx-mod-http-lua") {
		t.Errorf("got %v, want what to install", err)
	}
}

// smallLab has keys and a stand-in for Zotlo, and no binary.
func smallLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dir: t.TempDir()}
	var err error
	if l.keys, err = makeKeys(l.dir); err != nil {
		t.Fatal(err)
	}
	if l.zotlo, err = openAPI(linkBase, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.zotlo.close)
	return l
}

// A peer that lets anybody in, or that asks the API more often, would win for the wrong reason.
func TestNginxHasTheSameDuties(t *testing.T) {
	testneed.Nginx(t)
	for _, alg := range []string{"HS256", "RS256", "ES256"} {
		for _, remember := range []bool{false, true} {
			l := smallLab(t)
			site, err := startNginx(t.Context(), l, alg, linkBase, remember)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(site.stop)
			t.Run(alg, func(t *testing.T) { refusesWhatIsNotSigned(t, l, site, alg) })
			t.Run(alg, func(t *testing.T) { asksOnceForAll(t, l, site, alg) })
		}
	}
}

func refusesWhatIsNotSigned(t *testing.T, l *lab, site *server, alg string) {
	good, err := l.keys.token(alg, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.keys.token(alg, 1)
	if err != nil {
		t.Fatal(err)
	}
	late := jwt.NewWithClaims(jwt.GetSigningMethod(alg), jwt.MapClaims{
		"email": email(0), "exp": time.Now().Add(-time.Minute).Unix(),
	})
	var key any = []byte(l.keys.secret)
	if signer, ok := l.keys.signers[alg]; ok {
		key = signer
	}
	expired, err := late.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"email": email(0), "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := cutLast(good)
	_, foreign := cutLast(other)
	for name, token := range map[string]string{
		"none": "", "no token": "abc", "unsigned": unsigned, "expired": expired,
		"another's signature": text + "." + foreign, "no signature": text + ".",
	} {
		res, _, err := ask(site.addr, click(oursPath, token))
		if err != nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
	for range 2 { // the second time it may be remembered
		res, _, err := ask(site.addr, click(oursPath, good))
		if err != nil || res.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(res.Header.Get("Location"), linkBase+"/") ||
			res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("a good token: %v, %v\n%s", res, err, site.complaint())
		}
	}
}

func cutLast(token string) (text, signature string) {
	i := strings.LastIndexByte(token, '.')
	return token[:i], token[i+1:]
}

// asksOnceForAll lets one shopper click many times at once.
func asksOnceForAll(t *testing.T, l *lab, site *server, alg string) {
	l.zotlo.Fail(sandbox.Latency(50 * time.Millisecond))
	defer l.zotlo.Heal()
	before := l.zotlo.Calls()
	token, err := l.keys.token(alg, 99)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			res, _, err := ask(site.addr, click(oursPath, token))
			if err != nil || res.StatusCode != http.StatusSeeOther {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
	all.Wait()
	if calls := l.zotlo.Calls() - before; calls != 1 {
		t.Errorf("%d calls for one shopper", calls)
	}
}
