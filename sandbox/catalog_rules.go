package sandbox

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
)

// maxCatalogText is the longest name of a package or a link, in bytes.
const maxCatalogText = 200

var linkIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func linkIDRule(text string) error {
	if !linkIDPattern.MatchString(text) {
		return errors.New("must be 1 to 64 of A-Z, a-z, 0-9, _ and -")
	}
	return nil
}

func plainText(text string) error {
	if len(text) > maxCatalogText || strings.ContainsFunc(text, isUnprintable) {
		return errors.New("must be at most 200 bytes without control characters")
	}
	return nil
}

// isUnprintable finds control characters and broken UTF-8.
func isUnprintable(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }

func priceRule(text string) error {
	if !pricePattern.MatchString(text) || amountOf(text).Sign() == 0 {
		return errors.New("must be an amount above 0 with a decimal point, such as 9.99")
	}
	return nil
}

func trialPriceRule(text string) error {
	if !pricePattern.MatchString(text) {
		return errors.New("must be an amount with a decimal point, such as 1.00")
	}
	return nil
}

func currencyRule(text string) error {
	if !currencyPattern.MatchString(text) {
		return errors.New("must be three capital letters, such as EUR")
	}
	return nil
}

func periodRule(text string) error {
	_, err := parsePeriod(text)
	return err
}

func yesOrNo(text string) error {
	if !isYes(text) && text != "false" {
		return errors.New("must be true or false")
	}
	return nil
}

func isYes(text string) bool { return text == "true" }
