package caddymodule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// block reads the words of one Caddyfile block. Its errors name the word, the file and the line, and the mend.
type block struct {
	*caddyfile.Dispenser
	title string         // for messages: the block's own word
	seen  map[string]int // word → line
}

func newBlock(d *caddyfile.Dispenser, title string) *block {
	return &block{Dispenser: d, title: title, seen: make(map[string]int)}
}

// place is a line of a Caddyfile, kept for errors that are only found further down.
type place struct {
	file string
	line int
}

func placeOf(d *caddyfile.Dispenser) place { return place{d.File(), d.Line()} }

// errorf makes an error as Dispenser.Errf does, for this place.
func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("%w, at %s:%d", fmt.Errorf(format, args...), p.file, p.line)
}

// once refuses a single-valued word that was given before.
func (b *block) once() error {
	word := b.Val()
	if line, given := b.seen[word]; given {
		return b.Errf("%s: %q is already given on line %d: keep one of them", b.title, word, line)
	}
	b.seen[word] = b.Line()
	return nil
}

// text reads the one value of a word that may be given once.
func (b *block) text(to *string) error {
	word := b.Val()
	if err := b.once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) != 1 {
		return b.Errf("%s takes one value, not %d: write `%s <value>`, in quotes if it holds blanks", word, len(args), word)
	}
	*to = args[0]
	return nil
}

// atLoad is text for a word whose placeholders are filled in when the configuration is loaded.
func (b *block) atLoad(to *string) error {
	word := b.Val()
	if err := b.text(to); err != nil {
		return err
	}
	secretPlaces.note(word, *to, placeOf(b.Dispenser))
	return nil
}

// moreAtLoad is more for such a word.
func (b *block) moreAtLoad(to *[]string) error {
	word := b.Val()
	if err := b.more(to); err != nil {
		return err
	}
	secretPlaces.note(word, (*to)[len(*to)-1], placeOf(b.Dispenser))
	return nil
}

// list reads the values of a word that may be given once.
func (b *block) list(to *[]string) error {
	word := b.Val()
	if err := b.once(); err != nil {
		return err
	}
	if *to = b.RemainingArgs(); len(*to) == 0 {
		return b.Errf("%s needs at least one value", word)
	}
	return nil
}

// listAtLoad is list for a word whose placeholders are filled in when the configuration is loaded.
func (b *block) listAtLoad(to *[]string) error {
	word := b.Val()
	if err := b.list(to); err != nil {
		return err
	}
	for _, text := range *to {
		secretPlaces.note(word, text, placeOf(b.Dispenser))
	}
	return nil
}

// names is list for a word whose values are names and nothing else.
func (b *block) names(to *[]string) error {
	word := b.Val()
	if err := b.list(to); err != nil {
		return err
	}
	return b.check(word, checkNames(word, *to))
}

// more adds the one value of a word that may be repeated.
func (b *block) more(to *[]string) error {
	word := b.Val()
	args := b.RemainingArgs()
	if len(args) != 1 {
		return b.Errf("%s takes one value, not %d: repeat the word for another", word, len(args))
	}
	*to = append(*to, args[0])
	return nil
}

// duration reads a duration such as 5m or 1d. Zero is refused: in the configuration it would mean that the word is absent.
func (b *block) duration(to *caddy.Duration) error {
	word := b.Val()
	if err := b.durationOrZero(to); err != nil {
		return err
	}
	if *to == 0 {
		return b.Errf("%s: %q is no time at all: write a duration such as 30s or 5m, or leave the word out", word, b.Val())
	}
	return nil
}

func (b *block) durationOrZero(to *caddy.Duration) error {
	word := b.Val()
	var text string
	if err := b.text(&text); err != nil {
		return err
	}
	d, err := caddy.ParseDuration(text)
	if err != nil {
		return b.Errf("%s: %q is not a duration: write one such as 30s or 5m", word, text)
	}
	if d < 0 {
		return b.Errf("%s: %q is negative: write a duration such as 30s or 5m", word, text)
	}
	*to = caddy.Duration(d)
	return nil
}

// count reads a positive whole number.
func (b *block) count(to *int) error {
	word := b.Val()
	var text string
	if err := b.text(&text); err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return b.Errf("%s: %q is not a positive whole number", word, text)
	}
	*to = n
	return nil
}

// instant reads a point in time with its zone (RFC 3339).
func (b *block) instant(to *time.Time) error {
	word := b.Val()
	var text string
	if err := b.text(&text); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return b.Errf("%s: %q is not an instant with its zone: write one such as 2026-11-27T00:00:00+01:00", word, text)
	}
	*to = t
	return nil
}

// flag reads a word without values.
func (b *block) flag(to *bool) error {
	word := b.Val()
	if err := b.once(); err != nil {
		return err
	}
	if b.NextArg() {
		return b.Errf("%s takes no value", word)
	}
	*to = true
	return nil
}

// unknown refuses a word, naming those that are known here.
func (b *block) unknown(known ...string) error {
	slices.Sort(known)
	hint := ""
	if b.title != "checkout" && slices.Contains(blocksOfOption, b.Val()) {
		hint = ": is the } of this block missing?"
	}
	return b.Errf("%s: unknown word %q: known here are %s%s", b.title, b.Val(), strings.Join(known, ", "), hint)
}

// blocksOfOption are words of the global option that stand in no block inside it.
var blocksOfOption = []string{"cache", "campaign", "jwt", "languages", "limits"}

// words is a block's grammar: each word and what reads it. The reader stands on the word.
type words map[string]func() error

// read reads the block that opens on this line, word by word.
func (b *block) read(grammar words) error {
	for nesting := b.Nesting(); b.NextBlock(nesting); {
		reader, ok := grammar[b.Val()]
		if !ok {
			return b.unknown(grammar.names()...)
		}
		if err := reader(); err != nil {
			return err
		}
	}
	return nil
}

func (w words) names() []string {
	names := make([]string, 0, len(w))
	for name := range w {
		names = append(names, name)
	}
	return names
}
