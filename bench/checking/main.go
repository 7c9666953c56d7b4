// Command checking is cmd/caddy with one directive more, bench_check: a bare signature check, at
// each request. The benchmark sets it before Caddy's redir, to learn what one check costs in the
// server that the checkout runs in: with a heap of that size, and with other work between two
// checks.
package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/golang-jwt/jwt/v5"

	_ "github.com/caddy-checkout/checkout/caddymodule"
)

func main() {
	caddy.RegisterModule(new(check))
	httpcaddyfile.RegisterHandlerDirective("bench_check", parse)
	httpcaddyfile.RegisterDirectiveOrder("bench_check", httpcaddyfile.Before, "redir")
	caddycmd.Main()
}

// check checks one token's signature at each request, whatever the request says.
type check struct {
	Algorithm string `json:"algorithm"`
	PublicKey string `json:"public_key"` // a PEM file
	Token     string `json:"token"`

	method    jwt.SigningMethod
	key       any
	signed    string
	signature []byte
}

func (*check) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.bench_check",
		New: func() caddy.Module { return new(check) },
	}
}

// parse reads `bench_check <algorithm> <public key file> <token>`.
func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	c := new(check)
	if h.Next(); !h.Args(&c.Algorithm, &c.PublicKey, &c.Token) {
		return nil, h.ArgErr()
	}
	return c, nil
}

// Provision reads key and token, so that nothing but the check is left for the requests.
func (c *check) Provision(caddy.Context) error {
	if c.method = jwt.GetSigningMethod(c.Algorithm); c.method == nil {
		return fmt.Errorf("no algorithm is called %q", c.Algorithm)
	}
	text, err := os.ReadFile(c.PublicKey)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return fmt.Errorf("%s is no PEM file", c.PublicKey)
	}
	if c.key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return err
	}
	dot := strings.LastIndexByte(c.Token, '.')
	if dot < 0 {
		return errors.New("the token has no signature")
	}
	c.signed = c.Token[:dot]
	c.signature, err = base64.RawURLEncoding.DecodeString(c.Token[dot+1:])
	return err
}

func (c *check) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if err := c.method.Verify(c.signed, c.signature, c.key); err != nil {
		return err
	}
	return next.ServeHTTP(w, r)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*check)(nil)
	_ caddyhttp.MiddlewareHandler = (*check)(nil)
)
