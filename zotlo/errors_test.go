package zotlo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

func TestCausesAreInOurWords(t *testing.T) {
	for want, err := range map[string]error{
		"name lookup failed":             &url.Error{Op: "Post", URL: "x", Err: &net.OpError{Err: &net.DNSError{Err: "no such host", Name: "private"}}},
		"TLS certificate not accepted":   &tls.CertificateVerificationError{Err: x509.HostnameError{Host: "private"}},
		"not a TLS server":               tls.RecordHeaderError{Msg: "private"},
		"TLS handshake refused":          tls.AlertError(40),
		"connection reset by peer":       &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"context canceled":               fmt.Errorf("private: %w", context.Canceled),
		"context deadline exceeded":      &url.Error{Err: context.DeadlineExceeded},
		"connection closed before":       fmt.Errorf("private: %w", io.ErrUnexpectedEOF),
		"no usable HTTP answer (*errors": errors.New("private"),
		"no usable HTTP answer (*fmt":    fmt.Errorf("private %w", errors.ErrUnsupported),
	} {
		got := safeCause(err).Error()
		if !strings.HasPrefix(got, want) || strings.Contains(got, "private") {
			t.Errorf("%v became %q, want %q", err, got, want)
		}
	}
}
