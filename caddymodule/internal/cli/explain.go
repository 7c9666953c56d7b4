package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Question describes a click that nobody made. All members are optional.
type Question struct {
	// Campaigns are the names to try, in order. Default: those of the routes, if all routes list
	// the same; else all, by name.
	Campaigns []string `json:"campaigns"`
	// Claims are those of the token; without any the visitor is anonymous.
	Claims json.RawMessage `json:"claims"`
	// Request is what the browser would send.
	Request QuestionRequest `json:"request"`
	// JWT names the identity that reads the claims. Default: `default`, else the only one.
	JWT string `json:"jwt"`
	// Variant forces a variant.
	Variant string `json:"variant"`
}

// QuestionRequest is a request that nobody sent.
type QuestionRequest struct {
	Method   string                  `json:"method"`
	URI      string                  `json:"uri"` // a path and query, or a whole address
	Headers  map[string]HeaderValues `json:"headers"`
	ClientIP string                  `json:"client_ip"`
}

// HeaderValues is one text, or a list of them.
type HeaderValues []string

// UnmarshalJSON reads a text or a list of texts.
func (h *HeaderValues) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(h))
	}
	*h = make([]string, 1)
	return json.Unmarshal(text, &(*h)[0])
}

func explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [--claims <json>] [--uri <uri>] [--campaign <name>]... [flags]",
		Short: "Says why a request with these claims gets this offer, without making a link",
		Long: `Decides as a click on a route with these campaigns would, and says which were tried
and why each matched or not, which variant the user has, who the subscriber is, and
which request the API would get. It calls nobody and counts nothing.

Claims are what a token holds; no signature is needed, and none is checked. With
--claims - they are read from standard input, so that they stay out of the shell's
history. Without claims the visitor is anonymous.`,
		Example: `  caddy checkout explain --claims '{"email":"ann@example.com"}' --uri /checkout/pro
  caddy checkout explain --campaign black-friday --variant cheaper --claims - <claims.json
  caddy checkout explain --uri 'https://shop.example.com/upgrade?ref=mail' \
    --header 'Accept-Language: tr' --client-ip 203.0.113.7`,
	}
	addressFlags(cmd)
	cmd.Flags().String("claims", "", "The token's claims as a JSON object, or - for standard input")
	cmd.Flags().String("uri", "/", "The request's path and query, or its whole address")
	cmd.Flags().String("method", http.MethodGet, "The request's method")
	cmd.Flags().StringArray("header", nil,
		"A header of the request, such as 'Accept-Language: tr'; may be repeated")
	cmd.Flags().String("client-ip", "", "The shopper's address; a real click always has one")
	cmd.Flags().StringArray("campaign", nil,
		"A campaign to try, in order; may be repeated. Default: what every route lists; all by "+
			"name where routes differ")
	cmd.Flags().String("jwt", "", "The identity that reads the claims. Default: the default one")
	cmd.Flags().String("variant", "", "Force this variant")
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() > 0 {
			return usageError("explain takes no argument, only flags")
		}
		question, err := questionOf(cmd, fl)
		if err != nil {
			return err
		}
		return ask(cmd, fl, http.MethodPost, "explain", question, printExplanation)
	})
	return cmd
}

// questionOf is the question that explain's flags put.
func questionOf(cmd *cobra.Command, fl caddycmd.Flags) (*Question, error) {
	names, _ := fl.GetStringArray("campaign") // the flags are defined above
	lines, _ := fl.GetStringArray("header")
	claims := []byte(fl.String("claims"))
	if string(claims) == "-" {
		var err error
		if claims, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), MaxBody)); err != nil {
			return nil, fmt.Errorf("reading claims: %w", err)
		}
	}
	if len(claims) == 0 {
		claims = []byte("null")
	}
	if !json.Valid(claims) {
		return nil, usageError(
			`--claims is not JSON: write an object such as '{"email":"ann@example.com"}'`)
	}
	headers := make(map[string]HeaderValues)
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, usageError("--header has no colon: write one such as 'Accept-Language: tr'")
		}
		headers[name] = append(headers[name], strings.TrimSpace(value))
	}
	return &Question{
		Campaigns: names, Claims: claims, JWT: fl.String("jwt"), Variant: fl.String("variant"),
		Request: QuestionRequest{
			Method: fl.String("method"), URI: fl.String("uri"),
			Headers: headers, ClientIP: fl.String("client-ip"),
		},
	}, nil
}
