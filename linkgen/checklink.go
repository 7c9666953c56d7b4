package linkgen

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// A link is what we tell a shopper's browser to open, so it must mean the same to us as to a
// browser. Browsers (WHATWG URL) repair what is broken: they drop tabs and newlines, turn
// backslashes into slashes and read many spellings of an IP address. The check therefore allows
// only texts where there is nothing to repair.

// maxLink is the longest link that is given out, in bytes.
const maxLink = 2048

// The errors of checkLink. None repeats the link, which is personal.
var (
	errLinkScheme = errors.New("the link is not an absolute https URL")
	errLinkBytes  = errors.New("the link holds a character that no URL has")
	errLinkHost   = errors.New("the link's host is not a plain host name")
	errLinkUser   = errors.New("the link holds user information")
	errLinkLength = fmt.Errorf("the link is longer than %d bytes", maxLink)
	errLinkList   = errors.New("the link's host is not in link_hosts")
	errLinkOwn    = errors.New("the link leads back to the request's own host")
)

// checkLink tells whether a shopper may be sent to link. It is run on every answer, cached or not,
// and does not allocate unless a host needs to be brought into lower case.
func checkLink(link string, hosts *linkHosts, ownHost string) error {
	if len(link) > maxLink {
		return errLinkLength
	}
	rest, secure := strings.CutPrefix(link, "https://")
	if !secure { // as good as never
		var err error
		if rest, secure, err = cutScheme(link); err != nil {
			return err
		}
	}
	for i := range len(rest) {
		if !urlByte[rest[i]] {
			return errLinkBytes
		}
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if strings.IndexByte(authority, '@') >= 0 {
		return errLinkUser
	}
	host, port, err := splitAuthority(authority)
	switch {
	case err != nil:
		return err
	case !secure && !(hosts.plain && loopback(host)):
		return errLinkScheme
	case hosts.listed && !hosts.allow(host, port):
		return errLinkList
	case ownHost != "" && host == bareHost(ownHost):
		return errLinkOwn
	}
	return nil
}

// cutScheme cuts the scheme off in any spelling. Whether a plain http link is allowed depends on
// its host.
func cutScheme(link string) (rest string, secure bool, err error) {
	for _, scheme := range [...]string{"https://", "http://"} {
		if len(link) > len(scheme) && strings.EqualFold(link[:len(scheme)], scheme) {
			return link[len(scheme):], scheme == "https://", nil
		}
	}
	return "", false, errLinkScheme
}

// loopback tells whether a host is this machine, by name or by address.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// splitAuthority returns the host in lower case without a trailing dot, and the port, empty for the
// default one.
func splitAuthority(authority string) (host, port string, err error) {
	host, port, hasPort := strings.Cut(authority, ":")
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if !isHost(host) || hasPort && !isPort(port) {
		return "", "", errLinkHost
	}
	if port == "443" {
		port = ""
	}
	return host, port, nil
}

// isHost accepts a DNS name in lower case or a dotted IPv4 address, and no other spelling of an
// address.
func isHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	last := ""
	for rest, more := host, true; more; {
		last, rest, more = strings.Cut(rest, ".")
		if last == "" || len(last) > 63 || last[0] == '-' || last[len(last)-1] == '-' {
			return false
		}
		for i := range len(last) {
			c := last[i]
			letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
			if !letter && c != '-' && c != '_' {
				return false
			}
		}
	}
	// A browser reads a host that ends in a number as an address, in one of many spellings. Readers
	// do not agree on what a number is, but no top-level domain begins with a digit.
	if '0' <= last[0] && last[0] <= '9' {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is4()
	}
	return true
}

// isPort accepts 1 to 65535 without a leading zero or sign.
func isPort(port string) bool {
	if port == "" || len(port) > 5 || port[0] == '0' {
		return false
	}
	n := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
		n = n*10 + int(port[i]-'0')
	}
	return n <= 65535
}

// bareHost brings a request's host into the form of a link's: lower case, ASCII, no port, no
// trailing dot.
func bareHost(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for i := range len(host) {
		if host[i] >= 0x80 {
			if ascii, err := idna.Lookup.ToASCII(host); err == nil {
				return strings.TrimSuffix(ascii, ".")
			}
			break
		}
	}
	return host
}

// urlByte are the bytes of RFC 3986 section 2: unreserved, reserved and the percent sign.
var urlByte = func() (ok [256]bool) {
	const set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"
	for i := range len(set) {
		ok[set[i]] = true
	}
	return ok
}()
