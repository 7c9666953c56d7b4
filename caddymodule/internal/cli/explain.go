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
	// Campaigns are the names to try, in order. Default: those of the route that the request
	// reaches; without an address those of the routes, if all routes list the same; else all, by
	// name.
	Campaigns []string `json:"campaigns"`
	// Claims describe a user whose token is not at hand. Default: what the request's own cookies
	// and headers say.
	Claims json.RawMessage `json:"claims"`
	// Request is what the browser would send.
	Request QuestionRequest `json:"request"`
	// JWT is a real token, three parts joined by dots, or else the name of the identity that reads
	// the claims. Default: that of the route; without a route `default`, else the only one.
	JWT string `json:"jwt"`
	// Variant forces a variant.
	Variant string `json:"variant"`
	// At is the instant of the click (RFC 3339). Default: now.
	At string `json:"at"`
}

// QuestionRequest is a request that nobody sent.
type QuestionRequest struct {
	Method string `json:"method"`
	// URI is a path and query, or a whole address. It reaches a route. Without it and without a
	// Host no route is looked for.
	URI string `json:"uri"`
	// Host is the host that was asked. Default: that of the URI, else the header Host; else host
	// matchers are passed over.
	Host     string                  `json:"host"`
	Headers  map[string]HeaderValues `json:"headers"`
	ClientIP string                  `json:"client_ip"` // default: 192.0.2.1
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
		Use:   "explain [--uri <uri>] [--claims <json> | --jwt <token>] [flags]",
		Short: "Says what a click would get, and why, without making a link",
		Long: `Goes the way of a click, and says which directive gets it, whether the token is
good, which campaigns were tried and why each matched or not, which variant the user
has, who the subscriber is, and which request the API would get. It calls nobody and
counts nothing.

The route is the one that --uri, --method and --host reach. A real token, in --jwt or
in a --header, is verified as a click's would be. Claims describe a user without one:
no signature is checked, but exp, nbf, iat, iss and aud are where they are given. With
--jwt - or --claims - they are read from standard input, so that they stay out of the
shell's history. Without either the visitor is anonymous.`,
		Example: `  caddy checkout explain --uri https://shop.example.com/upgrade --jwt - <token.txt
  caddy checkout explain --uri /upgrade --header 'Cookie: session=eyJ…' --client-ip 203.0.113.7
  caddy checkout explain --uri /upgrade --claims '{"email":"ann@example.com"}'
  caddy checkout explain --campaign black-friday --variant cheaper --claims - <claims.json`,
	}
	addressFlags(cmd)
	cmd.Flags().String("claims", "", "The token's claims as a JSON object, or - for standard input")
	cmd.Flags().String("uri", "", "The request's path and query, or its whole address. Without "+
		"it no route is looked for, and the campaigns alone are explained")
	cmd.Flags().String("host", "", "The host that is asked. Default: that of --uri")
	cmd.Flags().String("method", http.MethodGet, "The request's method")
	cmd.Flags().StringArray("header", nil,
		"A header of the request, such as 'Accept-Language: tr'; may be repeated")
	cmd.Flags().String("client-ip", "", "The shopper's address. Default: 192.0.2.1")
	cmd.Flags().StringArray("campaign", nil,
		"A campaign to try, in order; may be repeated. Default: those of the route")
	cmd.Flags().String("jwt", "", "A token, or - for standard input, or the name of the identity "+
		"that reads the claims. Default: that of the route")
	cmd.Flags().String("at", "", "The instant of the click, as 2026-11-27T00:00:00+01:00. "+
		"Default: now")
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
	claims, token := []byte(fl.String("claims")), fl.String("jwt")
	if string(claims) == "-" || token == "-" {
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), MaxBody))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		switch {
		case string(claims) != "-":
			token = strings.TrimSpace(string(text))
		case token != "-":
			claims = text
		default:
			return nil, usageError("--claims and --jwt cannot both be read from standard input")
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
		Campaigns: names, Claims: claims, JWT: token, Variant: fl.String("variant"),
		At: fl.String("at"),
		Request: QuestionRequest{
			Method: fl.String("method"), URI: fl.String("uri"), Host: fl.String("host"),
			Headers: headers, ClientIP: fl.String("client-ip"),
		},
	}, nil
}
