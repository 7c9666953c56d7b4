package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgeradmin"
)

func reconcileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reconcile [--since <duration>] [--project <name>] [--apply] [--address <interface>] [--json]",
		Short: "Compares the ledger with Zotlo's exports, and takes in what it lacks",
		Long: `Reads Zotlo's exports of payments, refunds and subscriptions, and prints what the
ledger lacks or holds otherwise. With --apply, what is lacking is read by its
transaction and taken in, as its webhook would have been; twice changes nothing.

--since is the oldest purchase that is looked at: a duration such as 48h or 400d, or
a day. What is younger than three hours may still come by webhook, and is waited for.
It may be stopped and done again. Exit code 1 means that Zotlo could not be asked.`,
		Example: `  caddy checkout reconcile
  caddy checkout reconcile --since 400d --apply`,
	}
	addressFlags(cmd)
	cmd.Flags().String("since", "48h", "How far to look back")
	cmd.Flags().String("project", "", "The project, if not all of them; default is the one without a name")
	cmd.Flags().Bool("apply", false, "Take in what is lacking")
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 0 {
			return usageError("reconcile takes no value but its flags")
		}
		question := map[string]any{"since": fl.String("since"), "apply": fl.Bool("apply")}
		if name := fl.String("project"); name != "" {
			question["project"] = name
		}
		body, err := json.Marshal(question)
		if err != nil {
			return err
		}
		res, err := send(fl, http.MethodPost, "reconcile", bytes.NewReader(body), "application/json")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if fl.Bool("json") {
			return readLines(io.TeeReader(res.Body, cmd.OutOrStdout()), func(ledgeradmin.Line) {})
		}
		return printReconciliation(cmd, res.Body)
	})
	return cmd
}

// readLines reads a reconciliation to its end, and answers why it ended early.
func readLines(from io.Reader, each func(ledgeradmin.Line)) error {
	lines := json.NewDecoder(from)
	for {
		var line ledgeradmin.Line
		switch err := lines.Decode(&line); {
		case err != nil:
			return errors.New("the reconciliation broke off: do it again")
		case line.Error != "":
			return errors.New(line.Error)
		case line.Finished:
			return nil
		}
		each(line)
	}
}

// printReconciliation prints discrepancies as a table, and progress beside it.
func printReconciliation(cmd *cobra.Command, from io.Reader) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	found := 0
	err := readLines(from, func(line ledgeradmin.Line) {
		d := line.Discrepancy
		if d == nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d records read\n", line.Export, line.Records)
			return
		}
		if found++; found == 1 {
			fmt.Fprintln(table, "KIND\tTRANSACTION\tSTATUS\tWHAT\tZOTLO\tLEDGER\tTAKEN IN")
		}
		taken := ""
		if d.Applied {
			taken = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Kind, d.Transaction, d.Status, d.What,
			d.Zotlo, d.Ledger, taken)
	})
	table.Flush()
	if err == nil && found == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "The ledger holds what Zotlo holds.")
	}
	return err
}
