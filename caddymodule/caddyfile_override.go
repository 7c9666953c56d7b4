package caddymodule

import (
	"github.com/caddy-checkout/checkout/campaign"
)

// overrideWords is the grammar of what a campaign or a variant changes in the base link:
//
//	link_id <id>
//	one_time_price <amount> <currency> [<min> <max>]
//	quote <amount> <currency>
//	package_name | additional_text | product_image | language <value>
//	package | theme | layout | title | description | button_text <value>
//	field <name> <value>                (may be repeated)
//	custom_parameter <key> <value>      (may be repeated)
//	mmp <key> <value>                   (may be repeated)
//
// Each word is checked as soon as it is read, so that the error carries its line.
func overrideWords(b *block, o *campaign.Overrides, app *App) words {
	grammar := words{
		"one_time_price":   func() error { return parsePrice(b, &o.OneTimePrice) },
		"quote":            func() error { return parsePrice(b, &o.Quote) },
		"field":            func() error { return parsePair(b, &o.Fields) },
		"custom_parameter": func() error { return parsePair(b, &o.CustomParameters) },
		"mmp":              func() error { return parsePair(b, &o.MMP) },
	}
	for word, to := range map[string]*string{
		"link_id": &o.LinkID, "package_name": &o.PackageName, "additional_text": &o.AdditionalText,
		"product_image": &o.ProductImage, "package": &o.Package, "theme": &o.Theme, "layout": &o.Layout,
		"title": &o.Title, "description": &o.Description, "button_text": &o.ButtonText, "language": &o.Language,
	} {
		grammar[word] = func() error { return b.text(to) }
	}
	for word, read := range grammar {
		grammar[word] = func() error {
			if err := read(); err != nil {
				return err
			}
			return b.checkOverrides(word, *o, app)
		}
	}
	return grammar
}

// checkOverrides checks the words read so far. Those before this one were found good, so an error is about this one.
func (b *block) checkOverrides(word string, o campaign.Overrides, app *App) error {
	if err := o.Check(app.campaignOptions()); err != nil {
		return b.check(word, err)
	}
	return b.check(word, o.Untrusted(app.campaignOptions(), couldBeTrusted))
}

// couldBeTrusted reports whether some route might trust the placeholder. Claims depend on the route's trusted_claims.
func couldBeTrusted(key string) bool {
	return trusted(key, func(string) bool { return true })
}

func parsePrice(b *block, to **campaign.Price) error {
	word := b.Val()
	if err := b.once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	switch {
	case len(args) == 1:
		return b.Errf("%s: the currency is missing: write `%s %s EUR`", word, word, args[0])
	case len(args) == 2:
		*to = &campaign.Price{Amount: args[0], Currency: args[1]}
	case len(args) == 4 && word == "one_time_price":
		*to = &campaign.Price{Amount: args[0], Currency: args[1], Min: args[2], Max: args[3]}
	case word == "one_time_price":
		return b.Err("one_time_price takes an amount and a currency, and for a placeholder a least and a greatest amount: write `one_time_price 19.99 EUR`")
	default:
		return b.Errf("%s takes an amount and a currency: write `%s 19.99 EUR`", word, word)
	}
	return nil
}

func parsePair(b *block, to *map[string]string) error {
	word := b.Val()
	args := b.RemainingArgs()
	if len(args) != 2 {
		return b.Errf("%s takes a name and a value, not %d words: write `%s <name> <value>`, in quotes if it holds blanks", word, len(args), word)
	}
	if _, given := (*to)[args[0]]; given {
		return b.Errf("%s %q is written twice: keep one of them", word, args[0])
	}
	if *to == nil {
		*to = make(map[string]string)
	}
	(*to)[args[0]] = args[1]
	return nil
}
