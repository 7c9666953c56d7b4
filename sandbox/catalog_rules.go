package sandbox

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
)

// maxCatalogText is the longest name of a package or a link, in bytes.
const maxCatalogText = 200

// linkIDPattern is what a checkout link may be called: its name stands in the path of the page that
// the sandbox serves for it.
var linkIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// The rules below are what each option of a catalogue may hold. They say no where the real desk of
// Zotlo would not take the text, so that a test cannot sell what nobody could sell.
//
// linkIDRule is for the name of a link.
func linkIDRule(text string) error {
	if !linkIDPattern.MatchString(text) {
		return errors.New("must be 1 to 64 of A-Z, a-z, 0-9, _ and -")
	}
	return nil
}

// plainText is for names: they are shown on a page and written into webhooks.
func plainText(text string) error {
	if len(text) > maxCatalogText || strings.ContainsFunc(text, isUnprintable) {
		return errors.New("must be at most 200 bytes without control characters")
	}
	return nil
}

// isUnprintable finds control characters and broken UTF-8.
func isUnprintable(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }

// priceRule is for what is charged. A price of 0 is no price: Zotlo sells nothing for it.
func priceRule(text string) error {
	if !pricePattern.MatchString(text) || amountOf(text).Sign() == 0 {
		return errors.New("must be an amount above 0 with a decimal point, such as 9.99")
	}
	return nil
}

// trialPriceRule is for what a trial costs, which may be nothing.
func trialPriceRule(text string) error {
	if !pricePattern.MatchString(text) {
		return errors.New("must be an amount with a decimal point, such as 1.00")
	}
	return nil
}

// currencyRule wants the form of ISO 4217 and not a known currency: a test may make one up.
func currencyRule(text string) error {
	if !currencyPattern.MatchString(text) {
		return errors.New("must be three capital letters, such as EUR")
	}
	return nil
}

// periodRule wants a length that parsePeriod reads, such as "1 month".
func periodRule(text string) error {
	_, err := parsePeriod(text)
	return err
}

// yesOrNo is for switches. It takes no other spelling, so that "no" is not taken for yes.
func yesOrNo(text string) error {
	if !isYes(text) && text != "false" {
		return errors.New("must be true or false")
	}
	return nil
}

// isYes reads what yesOrNo let pass.
func isYes(text string) bool { return text == "true" }
