// Package eventname has the names of what happens to subscribers: those that a site's backend may
// tell, and Zotlo's own. Campaigns ask for them and the ledger keeps them, so the rule stands here.
package eventname

import (
	"fmt"
	"slices"
	"strings"
)

// maxName is the longest name of an event or of a value, in bytes.
const maxName = 64

// zotloPrefix begins the names that webhooks alone tell.
const zotloPrefix = "zotlo."

// zotlo are the events that follow from webhooks, without any backend. Their names stand in
// configurations: none is ever renamed.
var zotlo = []string{
	"zotlo.cancel", "zotlo.expired", "zotlo.grace", "zotlo.payment", "zotlo.refund",
	"zotlo.renewal", "zotlo.trial",
}

// Zotlo lists the events that follow from webhooks, in the order of their names.
func Zotlo() []string { return slices.Clone(zotlo) }

// IsZotlo reports whether a name is one of Zotlo's, known or not.
func IsZotlo(name string) bool { return strings.HasPrefix(name, zotloPrefix) }

// Check reports what is wrong with a name for which a campaign asks.
func Check(name string) error {
	if IsZotlo(name) {
		if !slices.Contains(zotlo, name) {
			return fmt.Errorf("%q is no event: Zotlo's own are %s", short(name),
				strings.Join(zotlo, ", "))
		}
		return nil
	}
	return CheckBackend(name)
}

// CheckBackend reports what is wrong with a name that a backend tells.
func CheckBackend(name string) error {
	switch {
	case IsZotlo(name):
		return fmt.Errorf("%q is Zotlo's: webhooks alone tell it", short(name))
	case !isName(name):
		return fmt.Errorf("%q is no name of an event: write 1 to %d of a-z, 0-9 and _, a letter first",
			short(name), maxName)
	}
	return nil
}

// CheckValue reports what is wrong with the name of an event's value.
func CheckValue(name string) error {
	if !isName(name) {
		return fmt.Errorf("%q is no name of a value: write 1 to %d of a-z, 0-9 and _, a letter first",
			short(name), maxName)
	}
	return nil
}

// isName is the pattern [a-z][a-z0-9_]* with a bound.
func isName(name string) bool {
	if name == "" || len(name) > maxName || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// short is a name that may be quoted: what is far too long says enough by its beginning.
func short(name string) string {
	if len(name) > 2*maxName {
		return strings.ToValidUTF8(name[:2*maxName], "") + "…"
	}
	return name
}
