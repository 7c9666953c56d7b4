package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-checkout/checkout/ledger"
)

func ledgerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger export|import|backup",
		Short: "Moves or copies the ledger of a running Caddy",
	}
	cmd.AddCommand(exportCommand(), importCommand(), backupCommand())
	run(cmd, func(caddycmd.Flags) error {
		if len(cmd.Flags().Args()) > 0 {
			return usageError("ledger knows export, import and backup")
		}
		return cmd.Help()
	})
	return cmd
}

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export [--address <interface>]",
		Short: "Writes all facts of the ledger to standard output, as lines of JSON",
		Long: `Writes all facts of the ledger to standard output, as lines of JSON, of which the
first names the format. Subscribers are hashes, but transaction ids stand in clear:
keep an export like a book of accounts.`,
		Example: `  caddy checkout ledger export > ledger.jsonl`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 0 {
			return usageError("export takes no value: it writes to standard output")
		}
		res, err := send(fl, http.MethodGet, "ledger", nil, "")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(cmd.OutOrStdout(), res.Body); err != nil {
			return fmt.Errorf("the export broke off: %w", err)
		}
		return nil
	})
	return cmd
}

func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import <file> [--address <interface>] [--json]",
		Short: "Takes the facts of an export in that the ledger lacks",
		Long: `Takes the facts of an export in that the ledger lacks, so that nothing is counted
twice. The ledger needs the secret under which the export was written. With - the
export is read from standard input.`,
		Example: `  caddy checkout ledger import ledger.jsonl`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 1 {
			return usageError("import takes one file, or - to read standard input")
		}
		from := io.NopCloser(cmd.InOrStdin())
		if name := fl.Arg(0); name != "-" {
			file, err := os.Open(name)
			if err != nil {
				return err
			}
			from = file
		}
		defer from.Close()
		res, err := send(fl, http.MethodPost, "ledger", from, "application/x-ndjson")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return show(cmd, fl, res, func(w io.Writer, done ledger.Imported) {
			fmt.Fprintf(w, "%d facts were read, and %d of them were lacking.\n", done.Read,
				done.Taken)
			if done.Passed > 0 {
				fmt.Fprintf(w, "%d were passed over: they mean nothing under another key.\n",
					done.Passed)
			}
		})
	})
	return cmd
}

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup <file> [--address <interface>]",
		Short: "Copies the ledger's file while it is used",
		Long: `Copies the ledger's file while it is used. The copy is small and whole; to restore
it, put it in the place of the ledger's file. A file that exists is not replaced.`,
		Example: `  caddy checkout ledger backup /backup/ledger-$(date +%F).db`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() != 1 {
			return usageError("backup takes the file that it is to write")
		}
		res, err := send(fl, http.MethodGet, "ledger/backup", nil, "")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return writeFile(fl.Arg(0), res.Body)
	})
	return cmd
}

// writeFile writes a file of the user's own, whole or not at all.
func writeFile(name string, from io.Reader) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := file.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			os.Remove(name)
		}
	}()
	if _, err := io.Copy(file, from); err != nil {
		return fmt.Errorf("the copy broke off: %w", err)
	}
	return file.Sync()
}
