package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-checkout/checkout/ledger"
)

// Purged is the answer of POST /checkout/purge. It names the subscriber as the log does.
type Purged struct {
	Subscriber string `json:"subscriber,omitempty"`
	// Offer is the jti of a signed offer that was revoked.
	Offer string `json:"offer,omitempty"`
	// Ledger is what was forgotten of them in the ledger, where everything was asked for.
	Ledger *ledger.Purged `json:"ledger,omitempty"`
}

func purgeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purge <subscriber>|--offer <jti> [--everything] [--address <interface>] [--json]",
		Short: "Makes every link of one subscriber dead, or forgets them, or ends a signed offer",
		Long: `Makes every link that was made for one subscriber dead at once, on all nodes that
share the cache: their next click makes a new one. The subscriber is an e-mail
address, a phone number or a UUID; with - it is read from standard input, so that
it stays out of the shell's history. The answer names the subscriber as the log does.

With --everything the ledger forgets them, too: payments, subscriptions, events and
exposures. The hash of each transaction and all sums stay, without a subscriber.

With --offer one signed offer is revoked, by its claim jti. Links that it has led to
already stay payable, for an hour at most.`,
		Example: `  caddy checkout purge ann@example.com
  caddy checkout purge --everything ann@example.com
  caddy checkout purge --offer 7C2KQ4XN3VYH5D6BWZLMPRTE
  echo +905551112233 | caddy checkout purge -`,
	}
	addressFlags(cmd)
	cmd.Flags().Bool("everything", false, "Forget what the ledger knows of them, too")
	cmd.Flags().String("offer", "", "Revoke the signed offer with this jti")
	run(cmd, func(fl caddycmd.Flags) error {
		if jti := fl.String("offer"); jti != "" {
			if fl.NArg() != 0 || fl.Bool("everything") {
				return usageError("--offer revokes an offer, and purges no subscriber")
			}
			return ask(cmd, fl, http.MethodPost, "purge", map[string]any{"offer": jti}, printPurged)
		}
		if fl.NArg() != 1 {
			return usageError("purge takes one subscriber, or - to read it from standard input")
		}
		subscriber := fl.Arg(0)
		if subscriber == "-" {
			text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), MaxBody))
			if err != nil {
				return fmt.Errorf("reading the subscriber: %w", err)
			}
			subscriber = strings.TrimSpace(string(text))
		}
		question := map[string]any{"subscriber": subscriber}
		if fl.Bool("everything") {
			question["everything"] = true
		}
		return ask(cmd, fl, http.MethodPost, "purge", question, printPurged)
	})
	return cmd
}

func printPurged(w io.Writer, answer Purged) {
	if answer.Offer != "" {
		fmt.Fprintf(w, "Offer %s is revoked: nobody gets a link by it any more.\n", answer.Offer)
		return
	}
	fmt.Fprintf(w, "Every link of subscriber %s is dead: their next click makes a new one.\n",
		answer.Subscriber)
	if l := answer.Ledger; l != nil {
		fmt.Fprintf(w, "The ledger has forgotten them: %d transactions, %d subscriptions and %d "+
			"exposures are nobody's now.\n", l.Transactions, l.Subscriptions, l.Exposures)
	}
}
