package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// This file talks to the key server: one document at a time, with bounds on its time and size, and
// from addresses that nobody between can listen to. What the documents say is judged in jwks.go.

// fetchTimeout bounds one fetch, discovery and key set together.
const fetchTimeout = 5 * time.Second

// The results of a fetch. They are label values of a metric: none is ever renamed.
const (
	resultOK           = "ok"
	resultUnreachable  = "unreachable" // no connection, TLS failure, broken answer
	resultTimeout      = "timeout"     // not done in five seconds
	resultStatus       = "status"      // an answer other than 200
	resultRedirect     = "redirect"    // redirects are not followed
	resultTooBig       = "too_big"     // more than 256 KiB
	resultMalformed    = "malformed"   // not a key set, or not a discovery document
	resultIssuer       = "issuer"      // the discovery document is about another issuer
	resultAddress      = "address"     // jwks_uri is missing, or not an address we would fetch from
	resultSymmetricKey = "symmetric_key"
	resultPrivateKey   = "private_key"
	resultDuplicateKid = "duplicate_kid"
	resultNoUsableKey  = "no_usable_key"
	resultFile         = "file"  // the file of the key set cannot be read
	resultPanic        = "panic" // a fault of ours; the last good set stays
)

// refreshResults is what RefreshResults returns.
var refreshResults = []string{
	resultOK, resultUnreachable, resultTimeout, resultStatus, resultRedirect, resultTooBig,
	resultMalformed, resultIssuer, resultAddress, resultSymmetricKey, resultPrivateKey,
	resultDuplicateKid, resultNoUsableKey, resultFile, resultPanic,
}

// RefreshResults lists every result that RemoteConfig.OnRefresh can be told: a closed set, for
// metrics.
func RefreshResults() []string { return slices.Clone(refreshResults) }

// fetchError is why a fetch failed: one of RefreshResults, and a cause for the log. The cause never
// quotes a document.
type fetchError struct {
	result string
	cause  error
}

// Error is the text of the cause.
func (e *fetchError) Error() string { return e.cause.Error() }

// Unwrap leads to the cause.
func (e *fetchError) Unwrap() error { return e.cause }

// fetchFailed is the error of a fetch with that result.
func fetchFailed(result string, cause error) error { return &fetchError{result, cause} }

// resultOf names the result of a fetch. An error that carries no result is one of the connection.
func resultOf(err error) string {
	var failed *fetchError
	switch {
	case err == nil:
		return resultOK
	case errors.As(err, &failed):
		return failed.result
	}
	return resultUnreachable
}

// fetcher gets documents from a key server that may be slow, broken or hostile.
type fetcher struct{ client *http.Client }

// newFetcher takes everything from client but its willingness to follow redirects and to keep
// cookies. Without one it makes its own, which asks no proxy and leaves no connection open between
// the refreshes.
func newFetcher(client *http.Client) fetcher {
	if client == nil {
		client = &http.Client{Transport: &http.Transport{
			TLSHandshakeTimeout:    fetchTimeout,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		}}
	}
	own := *client
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	return fetcher{&own}
}

// get fetches one document of at most maxKeyFile bytes. Any answer but 200 is a failure: a key
// server has no reason for another, and a page that says so is no key set.
func (f fetcher) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fetchFailed(resultAddress, errors.New("not a URL"))
	}
	place := placeOf(request.URL)
	// RFC 7517 section 8.5.2; most providers answer with plain JSON.
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := f.client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // which does not quote the address
		}
		return nil, transportFailed(fmt.Errorf("fetching %s: %w", place, err))
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return nil, fetchFailed(resultRedirect,
			fmt.Errorf("%s answered %d; redirects are not followed, write the address it leads to",
				place, response.StatusCode))
	case response.StatusCode != http.StatusOK:
		return nil, fetchFailed(resultStatus,
			fmt.Errorf("%s answered %d", place, response.StatusCode))
	}
	body, err := readAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", place, transportFailed(err))
	}
	return body, nil
}

// placeOf is an address as a log may show it: a query may hold a key.
func placeOf(at *url.URL) string {
	return (&url.URL{Scheme: at.Scheme, Host: at.Host, Path: at.Path}).String()
}

// transportFailed sorts the errors of a connection. An error that has a result already keeps it.
func transportFailed(err error) error {
	var failed *fetchError
	var timeout net.Error
	switch {
	case errors.As(err, &failed):
		return err
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fetchFailed(resultTimeout, err)
	}
	return fetchFailed(resultUnreachable, err)
}

// readAll reads at most maxKeyFile bytes. It asks for one byte more, to tell a document that is too
// big from one that just fits.
func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxKeyFile+1))
	if err == nil && len(body) > maxKeyFile {
		return nil, fetchFailed(resultTooBig, fmt.Errorf("more than %d bytes", maxKeyFile))
	}
	return body, err
}

// discover finds the key set of an issuer (OpenID Connect Discovery 1.0 section 4). Discovery and
// the key set share one fetchTimeout, which is ctx's. Each of its errors wraps a *fetchError.
func (f fetcher) discover(ctx context.Context, issuer string) (address string, err error) {
	body, err := f.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	document, err := parseObject(body)
	if err != nil {
		return "", fetchFailed(resultMalformed, fmt.Errorf("discovery document: %w", err))
	}
	if err := checkIssuer(document, issuer); err != nil {
		return "", err
	}
	address, _ = document.text("jwks_uri")
	at, err := parseAddress(address)
	if err != nil {
		return "", fetchFailed(resultAddress, fmt.Errorf("jwks_uri: %w", err))
	}
	// A provider elsewhere has no business on our loopback.
	if own, err := url.Parse(issuer); err != nil || isLoopback(at) && !isLoopback(own) {
		return "", fetchFailed(resultAddress, errors.New("jwks_uri leads to this machine"))
	}
	return address, nil
}

// checkIssuer wants the document to be about the issuer (section 4.3): anything else would let one
// tenant of a server speak for another. A pattern for all of them, as Microsoft's common endpoint
// writes it, equals no issuer.
func checkIssuer(document object, issuer string) error {
	switch got, _ := document.text("issuer"); {
	case got == issuer:
		return nil
	case strings.Contains(got, "{"):
		return fetchFailed(resultIssuer, errors.New("the discovery document is one for many "+
			"tenants and names no single issuer; "+
			"see docs/troubleshooting.md#an-issuer-for-many-tenants"))
	}
	got, _ := document.text("issuer")
	return fetchFailed(resultIssuer, fmt.Errorf(
		"the discovery document names another issuer; write the issuer exactly as it does: %.256q",
		got))
}

// parseAddress takes https addresses, and http for loopback, where nobody can listen in.
func parseAddress(text string) (*url.URL, error) {
	at, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case at.Scheme != "https" && (at.Scheme != "http" || !isLoopback(at)):
		return nil, errors.New("write an https address (http is for loopback only)")
	case at.Hostname() == "":
		return nil, errors.New("names no host")
	case at.User != nil:
		return nil, errors.New("holds a user name; write it without")
	case at.Fragment != "":
		return nil, errors.New("holds a fragment (#); write it without")
	}
	return at, nil
}

// isLoopback reports whether an address leads to this machine, by its name or by its number. Names
// are not resolved: what they mean may change between two looks.
func isLoopback(at *url.URL) bool {
	host := at.Hostname()
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}
