package campaign

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Limits of one preference, so that a hostile header costs no more than a long honest one.
const (
	maxPreference = 1024 // bytes looked at
	maxTags       = 16   // tags looked at

	// maxTag is how long a tag may be in a list or alone, in bytes: the longest that RFC 5646
	// section 4.4.1 asks implementations to take.
	maxTag = 35
)

// Languages is a closed list of checkout languages. It is immutable and safe for concurrent use.
type Languages struct {
	list    []string        // as Zotlo writes them
	index   map[string]int  // by lower-case tag, hyphens and underscores alike
	bases   []language.Base // of list
	matcher language.Matcher
}

// NewLanguages checks a list of languages as Zotlo writes them (en, tr, pt_br). Case and hyphens
// are put right: EN is en, pt-BR is pt_br. The first is the default.
func NewLanguages(list ...string) (*Languages, error) {
	if len(list) == 0 {
		return nil, errors.New("languages: none listed: write \"languages en\"")
	}
	l := &Languages{index: make(map[string]int, 2*len(list))}
	tags := make([]language.Tag, len(list))
	for i, text := range list {
		tag, err := language.Parse(text)
		// A language that is only guessed from a script or region is none that Zotlo can be asked
		// for.
		base, sure := tag.Base()
		if err != nil || len(text) > maxTag || sure != language.Exact || base.String() == "und" {
			return nil, fmt.Errorf("languages: %q is no language:"+
				" write codes such as en, tr or pt_br", text)
		}
		hyphens := strings.ToLower(strings.ReplaceAll(text, "_", "-"))
		underscores := strings.ReplaceAll(hyphens, "-", "_")
		if _, twice := l.index[hyphens]; twice {
			return nil, fmt.Errorf("languages: %s is listed twice: remove one", text)
		}
		l.index[hyphens], l.index[underscores] = i, i
		l.list = append(l.list, underscores)
		l.bases = append(l.bases, base)
		tags[i] = tag
	}
	l.matcher = language.NewMatcher(tags)
	return l, nil
}

// String lists the languages, the default first.
func (l *Languages) String() string { return strings.Join(l.list, " ") }

// Match returns the entry that fits the first usable preference; each is a language tag or an
// Accept-Language value. Of an Accept-Language value it takes the best tag whose language is in the
// list, whatever the regions (de-AT finds de, pt finds pt_br), else the best that has a stand-in by
// the rules of golang.org/x/text/language (be finds ru). It never returns the empty string: without
// a usable preference it is the default.
//
// Preferences may come from anybody. Of each, the first 16 tags within the first KiB are looked at.
func (l *Languages) Match(preferences ...string) string {
	if len(l.list) > 1 {
		for _, preference := range preferences {
			if found, ok := l.match(preference); ok {
				return found
			}
		}
	}
	return l.list[0]
}

// exact returns the entry that text names, whatever its case and separators. A tag as it stands is
// looked up first, which is the usual case and allocates nothing.
func (l *Languages) exact(text string) (string, bool) {
	if len(text) > maxTag {
		return "", false
	}
	i, ok := l.index[text]
	if !ok {
		i, ok = l.index[strings.ToLower(strings.ReplaceAll(text, "_", "-"))]
	}
	if !ok {
		return "", false
	}
	return l.list[i], true
}

// match finds the entry for one preference. A tag of the list itself needs no parsing. Else the
// first tag whose language is in the list wins, and a stand-in is taken only if no later tag does
// better.
func (l *Languages) match(preference string) (string, bool) {
	if preference == "" {
		return "", false
	}
	if found, ok := l.exact(preference); ok {
		return found, true
	}
	standIn := -1
	for _, tag := range accepted(preference) {
		_, i, confidence := l.matcher.Match(tag)
		base, _ := tag.Base()
		switch {
		case confidence == language.No:
		case base == l.bases[i]:
			return l.list[i], true
		case standIn < 0:
			standIn = i
		}
	}
	if standIn < 0 {
		return "", false
	}
	return l.list[standIn], true
}

// accepted reads an Accept-Language value (RFC 9110 section 12.5.4), or a single tag: at most
// maxTags, the best first. An entry that is malformed does not cost the others.
func accepted(s string) []language.Tag {
	s = bounded(s)
	if tags, ok := parseAccept(s); ok {
		return tags
	}
	var good []string
	for entry := range strings.SplitSeq(strings.ToLower(s), ",") { // the parser knows no Q=0.5
		if _, ok := parseAccept(entry); ok {
			good = append(good, entry)
		}
	}
	tags, _ := parseAccept(strings.Join(good, ","))
	return tags
}

// bounded cuts what is looked at, between two tags.
func bounded(s string) string {
	if len(s) > maxPreference {
		s = s[:max(0, strings.LastIndexByte(s[:maxPreference], ','))]
	}
	if strings.Count(s, ",") >= maxTags {
		s = strings.Join(strings.SplitN(s, ",", maxTags+1)[:maxTags], ",")
	}
	return s
}

// parseAccept is the library's parser, and a look at what it lets through: weights above 1, and
// NaN.
func parseAccept(s string) (tags []language.Tag, ok bool) {
	tags, weights, err := language.ParseAcceptLanguage(s)
	invalid := func(weight float32) bool { return weight > 1 || math.IsNaN(float64(weight)) }
	return tags, err == nil && !slices.ContainsFunc(weights, invalid)
}

// checkLanguage takes a constant only if it is in the list; what a placeholder brings is matched
// into it.
func checkLanguage(s *slot, v string) (string, error) {
	find := s.languages.match
	if s.parts == nil {
		find = s.languages.exact
	}
	found, ok := find(v)
	if !ok {
		return "", fmt.Errorf("must be one of the languages: %s", s.languages)
	}
	return found, nil
}

// Several reports whether there is a choice at all: with one language every preference gives the
// same answer.
func (l *Languages) Several() bool { return len(l.list) > 1 }
