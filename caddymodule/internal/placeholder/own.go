package placeholder

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/internal/eventname"
)

// Ours begins the placeholders of this module.
const Ours = "http.checkout."

// Partner is the placeholder of a partner's code, without Ours before it. With a dot and a column
// behind it, it is what the table of partners says of them.
const Partner = "partner"

// Event begins the placeholders of what happened to the user: {http.checkout.event.NAME.VALUE}.
const Event = Ours + "event."

// CutEvent is the name of an event and of its value, in a placeholder without Event before it: the
// value is what follows the last dot.
func CutEvent(rest string) (event, value string) {
	dot := strings.LastIndexByte(rest, '.')
	if dot < 0 {
		return rest, ""
	}
	return rest[:dot], rest[dot+1:]
}

// checkEvent refuses a placeholder of an event that no backend can tell.
func checkEvent(rest string) error {
	event, value := CutEvent(rest)
	if value == "" {
		return fmt.Errorf("{%s%s} does not exist: write {%s<name>.<value>}", Event, rest, Event)
	}
	err := eventname.Check(event)
	if err == nil {
		err = eventname.CheckValue(value)
	}
	if err != nil {
		return fmt.Errorf("{%s%s} does not exist: %w", Event, rest, err)
	}
	return nil
}

// names are our placeholders that have no further part. The others begin with claim., event.,
// override., partner. or signed.
var names = []string{
	"attribution", "campaign", "currency", "experiment", "outcome", Partner, "price", "return_to",
	"subscribed", "subscriber", "variant",
}

// IsName reports whether name, without Ours before it, is a placeholder that has no further part.
func IsName(name string) bool { return slices.Contains(names, name) }

// checkOwn refuses a placeholder of ours that does not exist: it would be empty for everybody, and
// nobody would be told.
func checkOwn(key string) error {
	name, ours := strings.CutPrefix(key, Ours)
	if !ours || IsName(name) {
		return nil
	}
	if rest, isEvent := strings.CutPrefix(name, "event."); isEvent {
		return checkEvent(rest)
	}
	for _, family := range [...]string{"claim.", "override.", Partner + ".", "signed."} {
		if len(name) > len(family) && strings.HasPrefix(name, family) {
			return nil
		}
	}
	return fmt.Errorf("{%s} does not exist: after http.checkout. may stand claim.<path>, "+
		"event.<name>.<value>, override.<word>, partner.<column>, signed.<name>, %s",
		key, strings.Join(names, ", "))
}

// ParseForRequest is Parse for what is filled in at each request.
func ParseForRequest(text string) ([]campaign.Part, error) {
	tmpl, err := Parse(text)
	if err != nil {
		return nil, err
	}
	for _, part := range tmpl {
		if err := checkOwn(part.Key); err != nil {
			return nil, err
		}
	}
	return tmpl, nil
}

var partnerColumn = regexp.MustCompile(`\{http\.checkout\.partner\.([^{}\s"]+)\}`)

// PartnerColumns are the columns of the table of partners that a configuration reads, given as
// JSON.
func PartnerColumns(source []byte) (columns []string) {
	for _, found := range partnerColumn.FindAllSubmatch(source, -1) {
		if column := string(found[1]); !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	return columns
}

var own = regexp.MustCompile(`\{(http\.checkout\.[^{}\s"]*)\}`)

// CheckMatchers refuses matchers that hold a placeholder of ours which does not exist, and
// expressions that hold one which they cannot read. Only the matchers can read their own texts, so
// it is looked for in their JSON.
func CheckMatchers(sets []caddy.ModuleMap) error {
	for _, set := range sets {
		if err := checkExpressions(set); err != nil {
			return err
		}
		for _, raw := range set {
			for _, found := range own.FindAllSubmatch(raw, -1) {
				if err := checkOwn(string(found[1])); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var (
	// claimIn finds the claims in an expression, whatever their names hold. A brace behind a
	// backslash opens none.
	claimIn = regexp.MustCompile(`(?:^|[^\\])\{http\.checkout\.claim\.([^{}]+)\}`)
	// readable is how much of a placeholder's name Caddy's expressions understand.
	readable = regexp.MustCompile(`^[\w.-]+$`)
)

// checkExpressions refuses claims that an expression cannot name. Caddy would take the placeholder
// for a part of the expression and speak of a syntax error.
func checkExpressions(set caddy.ModuleMap) error {
	for name, raw := range set {
		for _, text := range expressions(name, raw) {
			for _, found := range claimIn.FindAllStringSubmatch(text, -1) {
				if claim := found[1]; !readable.MatchString(claim) {
					return errUnreadable(claim)
				}
			}
		}
	}
	return nil
}

func errUnreadable(claim string) error {
	return fmt.Errorf("an expression cannot read {%sclaim.%s}, because its name holds more than "+
		"letters of ASCII, digits, dots, _ and -: write the matcher `checkout_claim %s <value>`, "+
		"or checkout_claim({'%s': ['<value>']}) in the expression", Ours, claim, claim, claim)
}

// expressions are the texts of a matcher's expressions, those inside other matchers such as `not`
// included. An expression is a string, or an object if it has a name.
func expressions(matcher string, raw json.RawMessage) (found []string) {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return nil // loading the matcher says what is wrong
	}
	var walk func(name string, value any)
	walk = func(name string, value any) {
		switch value := value.(type) {
		case string:
			if name == "expression" {
				found = append(found, value)
			}
		case []any:
			for _, element := range value {
				walk("", element)
			}
		case map[string]any:
			if expr, is := value["expr"].(string); is && name == "expression" {
				found = append(found, expr)
			}
			for name, member := range value {
				walk(name, member)
			}
		}
	}
	walk(matcher, value)
	return found
}
