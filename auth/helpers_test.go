package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// secret is long enough for every HMAC algorithm.
const secret = "correct horse battery staple, and then some more of the same; 64+"

var b64 = base64.RawURLEncoding

// signer makes tokens with the standard library alone, so that a mistake in a JOSE library is not
// shared.
type signer struct {
	alg     string
	private any
	kid     string
}

func hs256() signer { return signer{alg: "HS256", private: []byte(secret)} }

// sign signs any header and payload texts.
func (s signer) sign(t testing.TB, header, payload string) string {
	t.Helper()
	signed := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	return signed + "." + b64.EncodeToString(s.signature(t, signed))
}

// token signs claims under an ordinary header.
func (s signer) token(t testing.TB, claims string) string {
	t.Helper()
	return s.sign(t, s.header(), claims)
}

func (s signer) header() string {
	header := map[string]string{"alg": s.alg, "typ": "JWT"}
	if s.kid != "" {
		header["kid"] = s.kid
	}
	text, _ := json.Marshal(header)
	return string(text)
}

func (s signer) signature(t testing.TB, signed string) []byte {
	t.Helper()
	signature, err := s.raw(signed)
	if err != nil {
		t.Fatalf("signing with %s: %v", s.alg, err)
	}
	return signature
}

func (s signer) raw(signed string) ([]byte, error) {
	if s.alg == "EdDSA" || s.alg == "Ed25519" {
		return ed25519.Sign(s.private.(ed25519.PrivateKey), []byte(signed)), nil
	}
	hash := map[string]crypto.Hash{
		"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512,
	}[s.alg[2:]]
	if s.alg[:2] == "HS" {
		mac := hmac.New(hash.New, s.private.([]byte))
		mac.Write([]byte(signed))
		return mac.Sum(nil), nil
	}
	h := hash.New()
	h.Write([]byte(signed))
	digest := h.Sum(nil)
	switch s.alg[:2] {
	case "RS":
		return rsa.SignPKCS1v15(nil, s.private.(*rsa.PrivateKey), hash, digest)
	case "PS":
		return rsa.SignPSS(
			rand.Reader,
			s.private.(*rsa.PrivateKey),
			hash,
			digest,
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
		)
	case "ES":
		private := s.private.(*ecdsa.PrivateKey)
		r, ss, err := ecdsa.Sign(rand.Reader, private, digest)
		size := (private.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), ss.FillBytes(make([]byte, size))...), err
	}
	return nil, errors.New("unknown algorithm " + s.alg)
}

// The tests' keys are made once in a run; RSA keys take their time.
var (
	rsaKey = sync.OnceValue(
		func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) },
	)
	otherRSA = sync.OnceValue(
		func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) },
	)
	p256Key = sync.OnceValue(
		func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) },
	)
	otherP256 = sync.OnceValue(
		func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) },
	)
	thirdP256 = sync.OnceValue(func() *ecdsa.PrivateKey {
		return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	})
	p384Key = sync.OnceValue(
		func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) },
	)
	p521Key = sync.OnceValue(
		func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) },
	)
	ed25519Key = sync.OnceValue(func() ed25519.PrivateKey {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return must(private, err)
	})
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// privateKey is the tests' key for an algorithm.
func privateKey(alg string) any {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return rsaKey()
	case "ES256":
		return p256Key()
	case "ES384":
		return p384Key()
	case "ES512":
		return p521Key()
	case "EdDSA":
		return ed25519Key()
	}
	return []byte(secret)
}

func publicOf(private any) any {
	if weak, ok := private.(weakRSA); ok {
		return weak.public
	}
	return private.(interface{ Public() crypto.PublicKey }).Public()
}

func publicPEM(private any) string {
	der := must(x509.MarshalPKIXPublicKey(publicOf(private)))
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// jwk is the public JSON Web Key of a private key, with more members.
func jwk(private any, more map[string]any) map[string]any {
	k := map[string]any{}
	switch public := publicOf(private).(type) {
	case *rsa.PublicKey:
		k["kty"], k["n"], k["e"] = "RSA", b64.EncodeToString(public.N.Bytes()), b64.EncodeToString(
			big.NewInt(int64(public.E)).Bytes(),
		)
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y
		if err != nil {
			panic(err)
		}
		half := len(point) / 2
		k["kty"], k["crv"] = "EC", public.Params().Name
		k["x"], k["y"] = b64.EncodeToString(point[1:1+half]), b64.EncodeToString(point[1+half:])
	case ed25519.PublicKey:
		k["kty"], k["crv"], k["x"] = "OKP", "Ed25519", b64.EncodeToString(public)
	}
	maps.Copy(k, more)
	return k
}

func jwks(keys ...map[string]any) string {
	if keys == nil {
		keys = []map[string]any{}
	}
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// fromCookie is the usual place.
var fromCookie = []auth.Source{{In: "cookie", Name: "session"}}

// newAuth makes an Authenticator that reads the cookie "session" unless cfg says otherwise.
func newAuth(t testing.TB, cfg auth.Config) *auth.Authenticator {
	t.Helper()
	if cfg.From == nil {
		cfg.From = fromCookie
	}
	a, err := auth.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return a
}

// withSecret is the smallest config.
func withSecret() auth.Config { return auth.Config{Secrets: []string{secret}} }

// claims is an object of an hour's validity with more members.
func claims(more string) string {
	exp := time.Now().Add(time.Hour).Unix()
	text := `{"exp":` + string(must(json.Marshal(exp)))
	if more != "" {
		text += "," + more
	}
	return text + "}"
}

const ada = `"email":"ada@example.com"`

// accepted wants the token to be good.
func accepted(t testing.TB, a *auth.Authenticator, token string) *auth.User {
	t.Helper()
	user, err := a.Verify(t.Context(), token)
	if err != nil {
		t.Fatalf("a good token: %v", err)
	}
	return user
}

// refused wants the token to break a rule: this one, if it is not empty.
func refused(t testing.TB, a *auth.Authenticator, token, rule string) {
	t.Helper()
	user, err := a.Verify(t.Context(), token)
	wantRule(t, err, rule)
	if user != nil {
		t.Errorf("a refused token gave a user")
	}
}

func wantRule(t testing.TB, err error, rule string) {
	t.Helper()
	var refusal *auth.RefusedError
	switch {
	case !errors.As(err, &refusal):
		t.Errorf("error %v, want a refusal by %q", err, rule)
	case rule != "" && refusal.Rule != rule:
		t.Errorf("refused by %q, want %q", refusal.Rule, rule)
	}
}

// request makes a request with raw header lines.
func request(lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/upgrade", nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// file writes a file for one test.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// inBase64 is a secret as a config may write it.
func inBase64(secret string) string {
	return "base64:" + base64.StdEncoding.EncodeToString([]byte(secret))
}

// seconds is an instant as claims write it.
func seconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
