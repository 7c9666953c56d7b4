package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// command is `caddy checkout`: the admin endpoints from a terminal.
var command = caddycmd.Command{
	Name:  "checkout",
	Usage: "campaigns|explain|purge",
	Short: "Shows what the checkout of a running Caddy sells, and to whom",
	Long: `
Asks the checkout of a running Caddy, through its admin API.

	caddy checkout campaigns    what is on sale, with this process's counts
	caddy checkout explain      why a request gets the offer it gets
	caddy checkout purge        make the links of one subscriber dead

The admin address is found as 'caddy reload' finds it: --address, else the one
in --config, else the default.

Exit codes: 0 done, 1 failed, 2 wrong usage.
`,
	CobraFunc: func(cmd *cobra.Command) {
		cmd.AddCommand(campaignsCommand(), explainCommand(), purgeCommand())
		run(cmd, func(_ caddycmd.Flags) error {
			if len(cmd.Flags().Args()) > 0 {
				return usageError("checkout knows campaigns, explain and purge; see caddy help checkout")
			}
			return cmd.Help()
		})
	},
}

func campaignsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaigns [--address <interface>] [--json]",
		Short: "Lists the campaigns with state, schedule, experiments and counts",
		Long: `Lists every campaign of the running configuration: its state and schedule, how its
experiment splits the users, and what was handed out, paid and refunded.

The counts are those of this one process since it started. The numbers of a
fleet, and whether they mean anything yet, are in docs/grafana.json.`,
		Example: `  caddy checkout campaigns
  caddy checkout campaigns --json | jq '.campaigns[] | select(.state == "active") | .name'`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() > 0 {
			return usageError("campaigns takes no argument")
		}
		return ask(cmd, fl, http.MethodGet, "campaigns", nil, printCampaigns)
	})
	return cmd
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
history. Without claims the visitor is a stranger.`,
		Example: `  caddy checkout explain --claims '{"sub":"4711","email":"ann@example.com"}' --uri /checkout/pro
  caddy checkout explain --campaign black-friday --campaign pro --variant cheaper --claims - <claims.json
  caddy checkout explain --uri 'https://shop.example.com/upgrade?ref=mail' --header 'Accept-Language: tr' --client-ip 203.0.113.7`,
	}
	addressFlags(cmd)
	cmd.Flags().String("claims", "", "The token's claims as a JSON object, or - for standard input")
	cmd.Flags().String("uri", "/", "The request's path and query, or its whole address")
	cmd.Flags().String("method", http.MethodGet, "The request's method")
	cmd.Flags().StringArray("header", nil, "A header of the request, such as 'Accept-Language: tr'; may be repeated")
	cmd.Flags().String("client-ip", "", "The shopper's address; a real click always has one")
	cmd.Flags().StringArray("campaign", nil, "A campaign to try, in order; may be repeated. Default: what every route lists; all by name where routes differ")
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
func questionOf(cmd *cobra.Command, fl caddycmd.Flags) (map[string]any, error) {
	names, _ := fl.GetStringArray("campaign") // the flags are defined above
	lines, _ := fl.GetStringArray("header")
	claims := []byte(fl.String("claims"))
	if string(claims) == "-" {
		var err error
		if claims, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxAdminBody)); err != nil {
			return nil, fmt.Errorf("reading claims: %w", err)
		}
	}
	if len(claims) == 0 {
		claims = []byte("null")
	}
	if !json.Valid(claims) {
		return nil, usageError(`--claims is not JSON: write an object such as '{"email":"ann@example.com"}'`)
	}
	headers := make(map[string][]string)
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, usageError("--header has no colon: write one such as 'Accept-Language: tr'")
		}
		headers[name] = append(headers[name], strings.TrimSpace(value))
	}
	return map[string]any{
		"campaigns": names, "claims": json.RawMessage(claims), "jwt": fl.String("jwt"), "variant": fl.String("variant"),
		"request": map[string]any{"method": fl.String("method"), "uri": fl.String("uri"), "headers": headers, "client_ip": fl.String("client-ip")},
	}, nil
}

func purgeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purge <subscriber> [--address <interface>] [--json]",
		Short: "Makes every link of one subscriber dead",
		Long: `Makes every link that was made for one subscriber dead at once, on all nodes that
share the cache: his next click makes a new one. The subscriber is an e-mail
address, a phone number or a UUID; with - it is read from standard input, so that
it stays out of the shell's history. The answer names him as the log does.`,
		Example: `  caddy checkout purge ann@example.com
  echo +905551112233 | caddy checkout purge -`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 1 {
			return usageError("purge takes one subscriber, or - to read him from standard input")
		}
		subscriber := fl.Arg(0)
		if subscriber == "-" {
			text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxAdminBody))
			if err != nil {
				return fmt.Errorf("reading the subscriber: %w", err)
			}
			subscriber = strings.TrimSpace(string(text))
		}
		return ask(cmd, fl, http.MethodPost, "purge", map[string]string{"subscriber": subscriber}, printPurged)
	})
	return cmd
}

func addressFlags(cmd *cobra.Command) {
	cmd.Flags().String("address", "", "Address of the administration listener, if not the default")
	cmd.Flags().StringP("config", "c", "", "Configuration file to take the admin address from, if --address is not used")
	cmd.Flags().StringP("adapter", "a", "", "Name of the config adapter to apply, when --config is used")
	cmd.Flags().Bool("json", false, "Print the answer as JSON")
}

// usageError is a mistake of whoever typed the command. It ends with exit code 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// run gives a command its function, and its exit codes: 0, 1 for what failed and 2 for wrong usage.
func run(cmd *cobra.Command, f func(fl caddycmd.Flags) error) {
	coded := func(err error) (int, error) {
		switch _, usage := errors.AsType[usageError](err); {
		case err == nil:
			return caddy.ExitCodeSuccess, nil
		case usage:
			return 2, err
		}
		return caddy.ExitCodeFailedStartup, err
	}
	cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int, error) { return coded(f(fl)) })
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return coded(usageError(err.Error())) })(cmd, nil)
	})
}

// ask puts a question to the admin API and prints the answer, as it is or as tables.
func ask[A any](cmd *cobra.Command, fl caddycmd.Flags, method, what string, question any, print func(w io.Writer, answer A)) error {
	address, err := caddycmd.DetermineAdminAPIAddress(fl.String("address"), nil, fl.String("config"), fl.String("adapter"))
	if err != nil {
		return fmt.Errorf("finding the admin address: %w", err)
	}
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	res, err := caddycmd.AdminAPIRequest(address, method, "/checkout/"+what, nil, body)
	if err != nil {
		return fmt.Errorf("asking Caddy's admin API at %s: %w", address, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if fl.Bool("json") {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	var answer A
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	print(cmd.OutOrStdout(), answer)
	return nil
}
