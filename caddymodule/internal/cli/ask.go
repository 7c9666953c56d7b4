package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// This file is what all commands have in common: flags, exit codes, asking the admin API.

// MaxBody is the longest question that the admin API reads, in bytes.
const MaxBody = 64 << 10

func addressFlags(cmd *cobra.Command) {
	cmd.Flags().String("address", "", "Address of the administration listener, if not the default")
	cmd.Flags().StringP("config", "c", "",
		"Configuration file to take the admin address from, if --address is not used")
	cmd.Flags().StringP("adapter", "a", "",
		"Name of the config adapter to apply, when --config is used")
	cmd.Flags().Bool("json", false, "Print the answer as JSON")
}

// usageError is a mistake in the command as it was typed. It ends with exit code 2.
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
	cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int,
		error,
	) {
		return coded(f(fl))
	})
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int,
			error,
		) {
			return coded(usageError(err.Error()))
		})(cmd, nil)
	})
}

// ask puts a question to the admin API and prints the answer, as it is or as tables.
func ask[A any](
	cmd *cobra.Command, fl caddycmd.Flags, method, what string, question any,
	print func(w io.Writer, answer A),
) error {
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	res, err := send(fl, method, what, body, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return show(cmd, fl, res, print)
}

// send puts a question to the admin API.
func send(
	fl caddycmd.Flags, method, what string, body io.Reader, contentType string,
) (*http.Response, error) {
	address, err := caddycmd.DetermineAdminAPIAddress(
		fl.String("address"), nil, fl.String("config"), fl.String("adapter"))
	if err != nil {
		return nil, fmt.Errorf("finding the admin address: %w", err)
	}
	headers := http.Header{}
	if body != nil {
		headers.Set("Content-Type", contentType)
	}
	res, err := caddycmd.AdminAPIRequest(address, method, "/checkout/"+what, headers, body)
	if err != nil {
		return nil, fmt.Errorf("asking Caddy's admin API at %s: %w", address, err)
	}
	return res, nil
}

// show prints an answer, as it is or as tables. Its body is the caller's to close.
func show[A any](
	cmd *cobra.Command, fl caddycmd.Flags, res *http.Response, print func(w io.Writer, answer A),
) error {
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
