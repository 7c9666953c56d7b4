package linkgen

import (
	"fmt"
	"strings"
)

// linkHosts is an allow-list; an empty one allows every host on every port.
type linkHosts struct {
	listed bool // there is a list
	// plain allows http links to loopback hosts. It is set when the API itself is http on loopback,
	// which no real one is: so a stand-in on a developer's machine needs no certificate, and nobody
	// else's links change.
	plain    bool
	exact    map[string]bool // host, or host:port
	suffixes []string        // ".example.net" or ".example.net:8443"
}

// newLinkHosts reads entries such as pay.example.com, *.example.net and, for another port than 443,
// pay.example.com:8443.
func newLinkHosts(entries []string) (linkHosts, error) {
	l := linkHosts{listed: len(entries) > 0}
	for _, entry := range entries {
		name, wild := strings.CutPrefix(entry, "*.")
		host, port, err := splitAuthority(name)
		if err != nil {
			return linkHosts{}, fmt.Errorf("link host %q: write a host such as pay.example.com or *.example.net", entry)
		}
		if port != "" {
			host += ":" + port
		}
		if wild {
			l.suffixes = append(l.suffixes, "."+host)
			continue
		}
		if l.exact == nil {
			l.exact = make(map[string]bool)
		}
		l.exact[host] = true
	}
	return l, nil
}

// allow reports whether the list lets a link lead to host, as splitAuthority returned it: in lower case, and
// port empty for 443. A suffix needs something before it: *.example.net is not example.net.
func (l *linkHosts) allow(host, port string) bool {
	if port != "" {
		host += ":" + port
	}
	if l.exact[host] {
		return true
	}
	for _, suffix := range l.suffixes {
		if len(host) > len(suffix) && strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}
