package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-checkout/checkout/ledger"
)

// Partners is the answer of GET /checkout/partners.
type Partners struct {
	// The first and the last day, in UTC.
	Since    string                  `json:"since"`
	Until    string                  `json:"until"`
	Partners []ledger.PartnerNumbers `json:"partners"`
}

func partnersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "partners [--since <duration or day>] [--until <day>] [--csv] " +
			"[--address <interface>] [--json]",
		Short: "Shows what partners have sold, and what they get of it",
		Long: `Shows for each partner the links that were handed out, first charges, all later
charges, revenue and refunds by currency, and the share: of each payment, less its
refunds, the percentage that held on the payment's day. A refund counts on the day
on which it was given, so a share may be below 0. Amounts are exact.

Days are those of UTC, and whole. For a month that is over, give its first day and
the first day of the next month.

With --csv, the table is one for a spreadsheet. How a month is paid out:
docs/partners.md.`,
		Example: `  caddy checkout partners
  caddy checkout partners --since 2026-11-01 --until 2026-12-01 --csv > november.csv`,
	}
	addressFlags(cmd)
	cmd.Flags().String("since", "30d", "How far to look back, or the first day")
	cmd.Flags().String("until", "", "The day after the last one, if not today's")
	cmd.Flags().Bool("csv", false, "Print the answer as CSV")
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 0 {
			return usageError("partners takes no value but its flags")
		}
		if fl.Bool("csv") && fl.Bool("json") {
			return usageError("--csv and --json exclude each other")
		}
		days := url.Values{"since": {fl.String("since")}}
		if until := fl.String("until"); until != "" {
			days.Set("until", until)
		}
		print := printPartners
		if fl.Bool("csv") {
			print = printPartnersCSV
		}
		return ask(cmd, fl, http.MethodGet, "partners?"+days.Encode(), nil, print)
	})
	return cmd
}

// printPartners prints a line for each partner and currency.
func printPartners(w io.Writer, answer Partners) {
	fmt.Fprintf(w, "from %s to %s\n\n", answer.Since, answer.Until)
	if len(answer.Partners) == 0 {
		fmt.Fprintln(w, "No partner has sold anything, and no link was handed out for one.")
		return
	}
	t := newTable(w, "CODE", "LINKS", "FIRST CHARGES", "RENEWALS", "CURRENCY", "REVENUE", "REFUNDS",
		"SHARE")
	for _, n := range answer.Partners {
		t.row(partnerCells(n)...)
	}
	t.Flush()
}

// partnerCells are the cells of a line, in the order of the CSV.
func partnerCells(n ledger.PartnerNumbers) []string {
	return []string{
		n.Code, number(n.Links), number(n.FirstCharges), number(n.Renewals), n.Currency, n.Revenue,
		n.Refunds, n.Share,
	}
}

// printPartnersCSV prints the same for a spreadsheet.
func printPartnersCSV(w io.Writer, answer Partners) {
	rows := csv.NewWriter(w)
	_ = rows.Write([]string{
		"code", "links", "first_charges", "renewals", "currency", "revenue", "refunds", "share",
	})
	for _, n := range answer.Partners {
		_ = rows.Write(partnerCells(n))
	}
	rows.Flush()
}
