package signedoffer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Place says where in a request a signed offer may stand. Exactly one of both is set.
type Place struct {
	// Query is the name of a query parameter, such as `offer`. The log filter of the documentation
	// takes that one out of the access log.
	Query string `json:"query,omitempty"`
	// Path is a segment of the path, counted from 0 as `{path.*}` is. Access logs show it.
	Path *int `json:"path,omitempty"`
}

// Check refuses a place that is none, or two.
func (p Place) Check() error {
	switch {
	case (p.Query == "") == (p.Path == nil):
		return errors.New("write where the offer stands: `offer query offer` or `offer path 1`")
	case p.Path != nil && *p.Path < 0:
		return fmt.Errorf("path %d: segments are counted from 0", *p.Path)
	case strings.ContainsAny(p.Query, "{}&=#?; "):
		return fmt.Errorf("query %q is not the name of a parameter: write `offer query offer`",
			p.Query)
	}
	return nil
}

// Find is the text at the place, or empty. Two offers are refused, equal ones too: nobody could say
// which of them a link means.
func (p Place) Find(r *http.Request) (token string, err error) {
	if p.Path != nil {
		segments := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if *p.Path < len(segments) {
			token = segments[*p.Path]
		}
		return token, nil
	}
	if r.URL.RawQuery == "" {
		return "", nil
	}
	switch values := r.URL.Query()[p.Query]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", Refuse(ruleTwice)
}

// String is the place as the Caddyfile writes it.
func (p Place) String() string {
	if p.Path != nil {
		return fmt.Sprintf("path %d", *p.Path)
	}
	return "query " + p.Query
}
