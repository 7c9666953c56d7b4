// Package block reads the blocks of a Caddyfile, option by option. Its errors name the option, the
// file and the line, and the fix. It knows the grammar's shapes and none of its rules: those belong
// to the types that are configured, and Check gives their errors a line.
package block

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Block is one block that is being read. It stands on an option while that option's reader runs.
type Block struct {
	*caddyfile.Dispenser
	Title string         // for messages: the block's own option
	seen  map[string]int // option → line
}

// New reads the block that the dispenser stands before.
func New(d *caddyfile.Dispenser, title string) *Block {
	return &Block{Dispenser: d, Title: title, seen: make(map[string]int)}
}

// Inner is a block inside this one.
func (b *Block) Inner(title string) *Block { return New(b.Dispenser, title) }

// Options is a block's grammar: each option and what reads it.
type Options map[string]func() error

// Read reads the block that opens on this line.
func (b *Block) Read(grammar Options) error {
	for nesting := b.Nesting(); b.NextBlock(nesting); {
		reader, ok := grammar[b.Val()]
		if !ok {
			return b.unknown(grammar)
		}
		if err := reader(); err != nil {
			return err
		}
	}
	return nil
}

// unknown refuses an option, naming those that are known here.
func (b *Block) unknown(grammar Options) error {
	known := make([]string, 0, len(grammar))
	for option := range grammar {
		known = append(known, option)
	}
	slices.Sort(known)
	hint := ""
	if b.Title != "checkout" && slices.Contains(outermost, b.Val()) {
		hint = ": is the } of this block missing?"
	}
	return b.Errf("%s: unknown option %q: known here are %s%s",
		b.Title, b.Val(), strings.Join(known, ", "), hint)
}

// outermost are options of the global option that stand in no block inside it.
var outermost = []string{"cache", "campaign", "jwt", "languages", "limits"}

// Once refuses a single-valued option that was given before.
func (b *Block) Once() error {
	option := b.Val()
	if line, given := b.seen[option]; given {
		return b.Errf("%s: %q is already given on line %d: keep one of them", b.Title, option, line)
	}
	b.seen[option] = b.Line()
	return nil
}

// Name reads the one name of a block such as `campaign <name> {`.
func (b *Block) Name() (string, error) {
	option := b.Val()
	args := b.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return "", b.Errf("%s takes one name: write `%s <name> {`", option, option)
	}
	return args[0], nil
}

// Check gives an error of a rule its option, file and line. Rules themselves know only the option.
func (b *Block) Check(option string, err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); strings.HasPrefix(text, option) {
		return b.Err(text)
	}
	return b.Errf("%s: %v", option, err)
}
