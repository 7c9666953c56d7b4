package auth_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/auth"
)

var benchAlgorithms = []string{"HS256", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"}

// configFor is a config with one local key, and who signs with it.
func configFor(alg string) (auth.Config, signer) {
	s := signer{alg: alg, private: privateKey(alg)}
	if alg[:2] == "HS" {
		return auth.Config{Secrets: []string{secret}, Algorithms: []string{alg}}, s
	}
	return auth.Config{PublicKeys: []string{publicPEM(s.private)}, Algorithms: []string{alg}}, s
}

func authFor(tb testing.TB, alg string) (*auth.Authenticator, signer) {
	tb.Helper()
	cfg, s := configFor(alg)
	return newAuth(tb, cfg), s
}

const benchClaims = ada + `,"iss":"https://id.example.com","aud":"shop",` +
	`"sub":"7d444840-9dc0-11d1-b245-5ffdce74fad2","plan":"pro"`

// newcomers are tokens of so many people that hardly one of them is remembered when their turn
// comes again. Of a key pair, whose signatures are dear to make, a few stand for them.
func newcomers(tb testing.TB, s signer, header string) []string {
	tokens := make([]string, 4*auth.CacheSizeForTest)
	if s.alg[:2] != "HS" {
		tokens = tokens[:64]
	}
	exp := time.Now().Add(9 * 365 * 24 * time.Hour).Unix()
	for i := range tokens {
		tokens[i] = s.sign(tb, header, fmt.Sprintf(`{"exp":%d,%s,"n":%d}`, exp, benchClaims, i))
	}
	return tokens
}

// BenchmarkVerify is the whole way of a token that is not remembered.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(alg, func(b *testing.B) {
			cfg, s := configFor(alg)
			// Where tokens are few, the clock goes on until nothing is remembered long enough.
			clock := newClock()
			if alg[:2] != "HS" {
				cfg.Now = func() time.Time { clock.advance(time.Second); return clock.now() }
			}
			verify(b, newAuth(b, cfg), newcomers(b, s, s.header())...)
		})
	}
}

// BenchmarkRemembered is the way of a returning visitor. What the cache of verified tokens pays is the
// difference to BenchmarkVerify.
func BenchmarkRemembered(b *testing.B) {
	a, s := authFor(b, "HS256")
	token := s.token(b, claims(benchClaims))
	r := request("Cookie: theme=dark; lang=en; session=" + token + "; cart=3")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOffer compares an offer with a session of the same claims: the whole way of the first
// time, and the way of one that is remembered.
func BenchmarkOffer(b *testing.B) {
	for name, typ := range map[string]string{"session": "", "offer": offerType} {
		header := `{"alg":"HS256","typ":"` + cmp.Or(typ, "JWT") + `"}`
		a := newAuth(b, auth.Config{Secrets: []string{secret}, Type: typ})
		b.Run(name+"/first", func(b *testing.B) {
			verify(b, a, newcomers(b, hs256(), header)...)
		})
		b.Run(name+"/remembered", func(b *testing.B) {
			verify(b, a, hs256().sign(b, header, claims(benchClaims)))
		})
	}
}

// verify verifies the tokens, again and again.
func verify(b *testing.B, a *auth.Authenticator, tokens ...string) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := a.Verify(b.Context(), tokens[i%len(tokens)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkForged compares the refusal of a forged token with the bare signature check.
func BenchmarkForged(b *testing.B) {
	for _, alg := range benchAlgorithms {
		a, s := authFor(b, alg)
		good := s.token(b, claims(benchClaims))
		header, rest, _ := strings.Cut(good, ".")
		_, signature, _ := strings.Cut(rest, ".")
		forged := header + "." + b64.EncodeToString(
			[]byte(claims(`"email":"eve@example.com"`)),
		) + "." + signature
		b.Run(alg+"/refusal", func(b *testing.B) {
			for b.Loop() {
				if _, err := a.Verify(b.Context(), forged); err == nil {
					b.Fatal("accepted")
				}
			}
		})
		b.Run(alg+"/bare", func(b *testing.B) {
			method := jwt.GetSigningMethod(alg)
			key := s.private
			if alg[:2] != "HS" {
				key = publicOf(key)
			}
			signed := forged[:strings.LastIndexByte(forged, '.')]
			raw := must(b64.DecodeString(signature))
			for b.Loop() {
				if method.Verify(signed, raw, key) == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// BenchmarkHuge refuses a token of 1 MiB, wherever it stands.
func BenchmarkHuge(b *testing.B) {
	a, s := authFor(b, "HS256")
	token := s.token(b, claims(`"x":"`+strings.Repeat("x", 786000)+`"`))
	for name, r := range map[string]*http.Request{
		"cookie": request("Cookie: session=" + token),
		"dots":   request("Cookie: session=" + strings.Repeat(".", 1<<20)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Authenticate(r); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
