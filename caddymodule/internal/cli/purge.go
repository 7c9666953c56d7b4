package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Purged is the answer of POST /checkout/purge. It names the subscriber as the log does.
type Purged struct {
	Subscriber string `json:"subscriber"`
}

func purgeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purge <subscriber> [--address <interface>] [--json]",
		Short: "Makes every link of one subscriber dead",
		Long: `Makes every link that was made for one subscriber dead at once, on all nodes that
share the cache: their next click makes a new one. The subscriber is an e-mail
address, a phone number or a UUID; with - it is read from standard input, so that
it stays out of the shell's history. The answer names the subscriber as the log does.`,
		Example: `  caddy checkout purge ann@example.com
  echo +905551112233 | caddy checkout purge -`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
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
		question := map[string]string{"subscriber": subscriber}
		return ask(cmd, fl, http.MethodPost, "purge", question, printPurged)
	})
	return cmd
}

func printPurged(w io.Writer, answer Purged) {
	fmt.Fprintf(w, "Every link of subscriber %s is dead: their next click makes a new one.\n",
		answer.Subscriber)
}
