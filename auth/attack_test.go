package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// offerType is a typ of tokens that are no sessions.
const offerType = "offer+jwt"

// site is a site under attack: where its keys are, and who signs its tokens.
type site struct {
	name   string
	typ    string // of its tokens; empty for sessions
	a      *auth.Authenticator
	signer signer
	iss    string
	asked  func() int // how often its key server was asked
}

func never() int { return 0 }

// sites has one site for every source of keys. All of them take tokens of that type, and none that
// is good for longer than a day.
func sites(t testing.TB, typ string) []site {
	const iss = "https://id.example.com"
	open := func(cfg auth.Config) *auth.Authenticator {
		cfg.Type, cfg.MaxLife = typ, 24*time.Hour
		return newAuth(t, cfg)
	}
	local := func(name string, cfg auth.Config, s signer) site {
		cfg.Issuer, cfg.Audience = iss, []string{"shop"}
		return site{name, typ, open(cfg), s, iss, never}
	}
	rs, es, ed := signer{
		alg:     "RS256",
		private: rsaKey(),
	}, signer{
		alg:     "ES256",
		private: p256Key(),
	}, signer{
		alg:     "EdDSA",
		private: ed25519Key(),
	}
	all := []site{
		local("secret", auth.Config{Secrets: []string{secret}}, hs256()),
		local(
			"two secrets",
			auth.Config{
				Secrets: []string{
					"base64:" + base64.StdEncoding.EncodeToString(
						[]byte(strings.Repeat("old ", 10)),
					),
					secret,
				},
			},
			hs256(),
		),
		local("RSA key", auth.Config{PublicKeys: []string{publicPEM(rsaKey())}}, rs),
		local(
			"P-256 key",
			auth.Config{PublicKeys: []string{file(t, "key.pem", publicPEM(p256Key()))}},
			es,
		),
		local("Ed25519 key", auth.Config{PublicKeys: []string{publicPEM(ed25519Key())}}, ed),
		local(
			"three keys",
			auth.Config{
				PublicKeys: []string{
					publicPEM(rsaKey()),
					publicPEM(p256Key()),
					publicPEM(ed25519Key()),
				},
			},
			es,
		),
	}
	es.kid, rs.kid = "ec", "rsa"
	set := []map[string]any{jwkOf(es), jwkOf(rs)}
	all = append(
		all,
		local("key set file", auth.Config{JWKS: file(t, "jwks.json", jwks(set...))}, es),
	)

	// The clock of the remote ones stands still, so that only the attacks could cause a second
	// fetch.
	p, clock := startProvider(t, set...), newClock()
	asked := func() int { return p.asked("/jwks") }
	remote := auth.Config{
		JWKS:     p.URL + "/jwks",
		Issuer:   iss,
		Audience: []string{"shop"},
		Now:      clock.now,
	}
	all = append(all, site{"key set", typ, open(remote), rs, iss, asked})
	q := startProvider(t, set...)
	asked = func() int { return q.asked("/jwks") }
	discovery := auth.Config{Issuer: q.URL, Audience: []string{"shop"}, Now: clock.now}
	return append(all, site{"discovery", typ, open(discovery), es, q.URL, asked})
}

// attack is one token that must not be accepted.
type attack struct{ name, token string }

// attacker makes attacks on one site.
type attacker struct {
	t testing.TB
	site
	evil string // an address that must not be dialled
	made []attack
}

func (x *attacker) add(name, token string) { x.made = append(x.made, attack{name, token}) }

// body is a payload in which all is well but what more says.
func (x *attacker) body(more string) string {
	return fmt.Sprintf(
		`{"iss":%q,"aud":"shop","exp":%d,"email":"eve@example.com"%s}`,
		x.iss,
		time.Now().Add(time.Hour).Unix(),
		more,
	)
}

// head is the site's own header with alg, kid and typ, and more. A typ among more takes the place of
// the site's own.
func (x *attacker) head(more string) string {
	if x.typ != "" && !strings.Contains(more, `"typ"`) {
		more = `,"typ":"` + x.typ + `"` + more
	}
	if x.signer.kid != "" {
		more = `,"kid":"` + x.signer.kid + `"` + more
	}
	return `{"alg":"` + x.signer.alg + `"` + more + `}`
}

// bare is a header that names no key but the one that more brings along.
func (x *attacker) bare(alg, more string) string {
	if x.typ != "" {
		more = `,"typ":"` + x.typ + `"` + more
	}
	return `{"alg":"` + alg + `"` + more + `}`
}

// signed adds a token that the site's own signer has signed.
func (x *attacker) signed(name, header, payload string) {
	x.add(name, x.signer.sign(x.t, header, payload))
}

// outsiders are signers with keys of their own.
func outsiders() []signer {
	return []signer{
		{alg: "HS256", private: []byte("a secret that only the attacker knows")},
		{alg: "HS256", private: []byte{}},
		{alg: "HS256", private: []byte("secret")},
		{alg: "HS384", private: []byte{}},
		{alg: "HS512", private: []byte(nil)},
		{alg: "RS256", private: otherRSA()},
		{alg: "RS384", private: otherRSA()},
		{alg: "RS512", private: otherRSA()},
		{alg: "PS256", private: otherRSA()},
		{alg: "PS384", private: otherRSA()},
		{alg: "PS512", private: otherRSA()},
		{alg: "ES256", private: otherP256()},
		{alg: "ES384", private: p384Key()},
		{alg: "ES512", private: p521Key()},
		{alg: "EdDSA", private: ed25519.NewKeyFromSeed(make([]byte, 32))},
	}
}

// TestAttacks runs one table of tokens against every source of keys, once where sessions are taken
// and once where offers are.
func TestAttacks(t *testing.T) {
	var dialled atomic.Int64
	evil := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { dialled.Add(1) }),
	)
	defer evil.Close()
	for use, typ := range map[string]string{"session": "", "offer": offerType} {
		for _, s := range sites(t, typ) {
			t.Run(use+"/"+s.name, func(t *testing.T) {
				s.withstands(t, evil.URL, &dialled)
			})
		}
	}
}

// withstands attacks the site.
func (s site) withstands(t *testing.T, evil string, dialled *atomic.Int64) {
	x := &attacker{t: t, site: s, evil: evil}
	x.none()
	x.types()
	x.confusion()
	x.keyHeaders()
	x.keyIDs()
	x.signatures()
	x.structures()
	x.texts()
	x.times()
	x.parties()
	if len(x.made) < 400 {
		t.Errorf("only %d attacks", len(x.made))
	}
	control := s.signer.sign(t, x.head(""), x.body(""))
	accepted(t, s.a, control)
	asked := s.asked()
	for _, attack := range x.made {
		user, err := s.a.Verify(t.Context(), attack.token)
		if err == nil || user != nil {
			t.Errorf("%s: accepted: %.200s", attack.name, attack.token)
			continue
		}
		wantRule(t, err, "")
	}
	if dialled.Load() != 0 || s.asked() != asked {
		t.Errorf("%d connections to the attacker, %d to the key server", dialled.Load(),
			s.asked()-asked)
	}
	accepted(t, s.a, control)
	t.Logf("%d attacks", len(x.made))
}
