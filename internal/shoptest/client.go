package shoptest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
)

// Reply is what a shopper got. Its Body is read and closed: Text is what stood in it.
type Reply struct {
	*http.Response
	Text string
}

// Browser is a client that stops at the first redirect.
func Browser(t *testing.T, transport http.RoundTripper) *http.Client {
	t.Helper()
	client := &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// DialTo leads every connection to one address, whatever host is asked for.
func DialTo(network, addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
}

// Ask sends GET to an address, as whatever the changes make of the request.
func Ask(
	t *testing.T, client *http.Client, url string, changes ...func(*http.Request),
) Reply {
	t.Helper()
	got, err := Try(t.Context(), client, url, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Try is Ask for goroutines, which must not end a test.
func Try(
	ctx context.Context, client *http.Client, url string, changes ...func(*http.Request),
) (Reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Reply{}, err
	}
	for _, change := range changes {
		change(r)
	}
	return Do(client, r)
}

// Do sends a request and reads all of the answer.
func Do(client *http.Client, r *http.Request) (Reply, error) {
	resp, err := client.Do(r)
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return Reply{resp, string(body)}, err
}

// HungUp says that a server closed a connection before it took a request. A reload may do so, and
// browsers ask again.
func HungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}
