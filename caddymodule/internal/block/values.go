package block

import (
	"math"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/dustin/go-humanize"
)

// Unset names the likely cause where a value is missing: Caddy pastes variables into the text
// before it is parsed, and of an unset one nothing is left, not even an empty text.
const Unset = "; an unset {$NAME} leaves nothing behind: set the variable, or write {env.NAME}"

// unset is Unset where not one value stands.
func unset(values int) string {
	if values > 0 {
		return ""
	}
	return Unset
}

// Text reads the one value of an option that may be given once.
func (b *Block) Text(to *string) error {
	option := b.Val()
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) != 1 {
		return b.Errf("%s takes one value, not %d: write `%s <value>`, in quotes if it holds "+
			"blanks%s", option, len(args), option, unset(len(args)))
	}
	*to = args[0]
	return nil
}

// TextAtLoad is Text for an option whose placeholders are filled in when the configuration is
// loaded.
func (b *Block) TextAtLoad(to *string) error {
	option := b.Val()
	if err := b.Text(to); err != nil {
		return err
	}
	Note(option, *to, PlaceOf(b.Dispenser))
	return nil
}

// More adds the one value of an option that may be repeated.
func (b *Block) More(to *[]string) error {
	option := b.Val()
	args := b.RemainingArgs()
	if len(args) != 1 {
		return b.Errf("%s takes one value, not %d: repeat the option for another%s", option,
			len(args), unset(len(args)))
	}
	*to = append(*to, args[0])
	return nil
}

// MoreAtLoad is More for an option whose placeholders are filled in when the configuration is
// loaded.
func (b *Block) MoreAtLoad(to *[]string) error {
	option := b.Val()
	if err := b.More(to); err != nil {
		return err
	}
	Note(option, (*to)[len(*to)-1], PlaceOf(b.Dispenser))
	return nil
}

// List reads the values of an option that may be given once.
func (b *Block) List(to *[]string) error {
	option := b.Val()
	if err := b.Once(); err != nil {
		return err
	}
	if *to = b.RemainingArgs(); len(*to) == 0 {
		return b.Errf("%s needs at least one value%s", option, unset(0))
	}
	return nil
}

// ListAtLoad is List for an option whose placeholders are filled in when the configuration is
// loaded.
func (b *Block) ListAtLoad(to *[]string) error {
	option := b.Val()
	if err := b.List(to); err != nil {
		return err
	}
	for _, text := range *to {
		Note(option, text, PlaceOf(b.Dispenser))
	}
	return nil
}

// Duration reads a duration such as 5m or 1d. Zero is refused: in the configuration it would mean
// that the option is absent.
func (b *Block) Duration(to *caddy.Duration) error {
	option := b.Val()
	if err := b.DurationOrZero(to); err != nil {
		return err
	}
	if *to == 0 {
		return b.Errf("%s: %q is no time at all: write a duration such as 30s or 5m, or leave "+
			"the option out",
			option, b.Val())
	}
	return nil
}

// DurationOrZero is Duration for an option where zero has a meaning.
func (b *Block) DurationOrZero(to *caddy.Duration) error {
	option := b.Val()
	var text string
	if err := b.Text(&text); err != nil {
		return err
	}
	d, err := caddy.ParseDuration(text)
	if err != nil {
		return b.Errf("%s: %q is not a duration: write one such as 30s or 5m", option, text)
	}
	if d < 0 {
		return b.Errf("%s: %q is negative: write a duration such as 30s or 5m", option, text)
	}
	*to = caddy.Duration(d)
	return nil
}

// Count reads a positive whole number.
func (b *Block) Count(to *int) error {
	option := b.Val()
	var text string
	if err := b.Text(&text); err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return b.Errf("%s: %q is not a positive whole number", option, text)
	}
	*to = n
	return nil
}

// Size reads the option's single value as a number of bytes above 0, such as 4GiB.
func (b *Block) Size(to *int64) error {
	option := b.Val()
	var text string
	if err := b.Text(&text); err != nil {
		return err
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return b.Errf("%s: %q is not a size: write something like 4GiB", option, text)
	}
	*to = int64(n)
	return nil
}

// Instant reads a point in time with its zone (RFC 3339).
func (b *Block) Instant(to *time.Time) error {
	option := b.Val()
	var text string
	if err := b.Text(&text); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return b.Errf("%s: %q is not an instant with its zone: write one such as "+
			"2026-11-27T00:00:00+01:00",
			option, text)
	}
	*to = t
	return nil
}

// Flag reads an option without values.
func (b *Block) Flag(to *bool) error {
	option := b.Val()
	if err := b.Once(); err != nil {
		return err
	}
	if b.NextArg() {
		return b.Errf("%s takes no value", option)
	}
	*to = true
	return nil
}
