package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Terms are the question of POST /checkout/sign: what the signed offer is to say.
type Terms struct {
	Campaign   string            `json:"campaign"`
	For        string            `json:"for"`
	Values     map[string]string `json:"values,omitempty"`
	Subscriber string            `json:"subscriber,omitempty"`
	Once       bool              `json:"once,omitempty"`
}

// Signed is its answer.
type Signed struct {
	Token string `json:"token"`
}

func signCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sign --campaign <name> --for <duration> [--value <name>=<value>]... " +
			"[--subscriber <subscriber>] [--once] [--address <interface>] [--json]",
		Short: "Mints a signed offer",
		Long: `Mints a signed offer and prints the token alone, to be put into a link such as
https://shop.example.com/go?offer=<token>. The campaign must be defined. The values
are what {http.checkout.signed.<name>} stands for in it. With a subscriber only they
can use the offer, signed in. With --once a payment spends it; opening it does not.

Anyone who has the token has the offer, so mint for the shortest time that will do.`,
		Example: `  caddy checkout sign --campaign winback --for 72h
  caddy checkout sign --campaign support --for 7d --value price=4.90 \
    --subscriber ann@example.com --once`,
	}
	addressFlags(cmd)
	flags := cmd.Flags()
	flags.String("campaign", "", "The campaign that the offer chooses")
	flags.String("for", "", "How long it is good, such as 72h or 30d")
	flags.StringArray("value", nil, "A value as name=value; may be repeated")
	flags.String("subscriber", "", "The only subscriber who may use it")
	flags.Bool("once", false, "Good for one payment")
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 0 || fl.String("campaign") == "" || fl.String("for") == "" {
			return usageError("sign takes --campaign and --for; see caddy checkout sign --help")
		}
		pairs, err := flags.GetStringArray("value")
		if err != nil {
			return err
		}
		terms := Terms{
			Campaign: fl.String("campaign"), For: fl.String("for"),
			Subscriber: fl.String("subscriber"), Once: fl.Bool("once"),
		}
		if terms.Values, err = values(pairs); err != nil {
			return err
		}
		return ask(cmd, fl, http.MethodPost, "sign", terms, printSigned)
	})
	return cmd
}

// values reads pairs such as price=4.90. A value may hold an = itself.
func values(pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	all := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if _, twice := all[name]; !ok || twice {
			return nil, usageError("--value takes a name and a value, each name once: write " +
				"--value price=4.90")
		}
		all[name] = value
	}
	return all, nil
}

// printSigned prints the token alone, so that a script can take it.
func printSigned(w io.Writer, answer Signed) { fmt.Fprintln(w, answer.Token) }
