// Package cli is `caddy checkout`: the admin endpoints from a terminal, and their answers as
// tables.
package cli

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Command is `caddy checkout`.
var Command = caddycmd.Command{
	Name:  "checkout",
	Usage: "campaigns|experiments|partners|explain|sign|purge|reconcile|ledger",
	Short: "Shows what the checkout of a running Caddy sells, and to whom",
	Long: `
Asks the checkout of a running Caddy, through its admin API.

	caddy checkout campaigns    what is on sale, with this process's counts
	caddy checkout experiments  what experiments have shown, and whether it means anything
	caddy checkout partners     what partners have sold, and what they get of it
	caddy checkout explain      why a request gets the offer it gets
	caddy checkout sign         mint a signed offer
	caddy checkout purge        make the links of one subscriber dead, or forget them
	caddy checkout reconcile    compare the ledger with Zotlo's exports
	caddy checkout ledger       export, import or back up the ledger

The admin address is found as 'caddy reload' finds it: --address, else the one
in --config, else the default.

Exit codes: 0 done, 1 failed, 2 wrong usage.
`,
	CobraFunc: func(cmd *cobra.Command) {
		cmd.AddCommand(campaignsCommand(), experimentsCommand(), partnersCommand(),
			explainCommand(), signCommand(), purgeCommand(), reconcileCommand(), ledgerCommand())
		run(cmd, func(_ caddycmd.Flags) error {
			if len(cmd.Flags().Args()) > 0 {
				return usageError("checkout knows campaigns, experiments, partners, explain, sign, purge, " +
					"reconcile and ledger; see caddy help checkout")
			}
			return cmd.Help()
		})
	},
}
