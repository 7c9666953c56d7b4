package matchindex

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestOnlyWhatIsUnderstoodIsANeed(t *testing.T) {
	for text, want := range map[string]string{
		`{"query":{"ref":["a","b"]}}`:                                  "[{{query ref} [a b]}]",
		`{"query":{"ref":["*"]}}`:                                      "[]",
		`{"query":{"ref":["{env.X}"]}}`:                                "[]",
		`{"query":{}}`:                                                 "[]",
		`{"header":{"x-kind":["a"]}}`:                                  "[{{header X-Kind} [a]}]",
		`{"header":{"X-Kind":["a*"]}}`:                                 "[]",
		`{"header":{"X-Kind":null}}`:                                   "[]",
		`{"header":{"Host":["a"]}}`:                                    "[]",
		`{"path":["/A/b"]}`:                                            "[{{path } [/a/b]}]",
		`{"path":["/a/*"]}`:                                            "[]",
		`{"path":["/a%20"]}`:                                           "[]",
		`{"vars":{"{http.request.uri.query.x}":["1"]}}`:                "[{{vars {http.request.uri.query.x}} [1]}]",
		`{"vars":{"a":["1"],"b":["2"]}}`:                               "[]", // either is enough
		`{"vars":{"{http.request.body}":["1"]}}`:                       "[]",
		`{"checkout_claim":{"claims":[{"path":"p","values":["1"]}]}}`:  "[{{claim p} [1]}]",
		`{"method":["GET"]}`:                                           "[]",
		`{"query":{"ref":["a"]},"path_regexp":{"pattern":"x"}}`:        "[]", // it may leave placeholders behind
		`{"query":{"ref":["a"]},"remote_ip":{"ranges":["::1"]}}`:       "[]", // it may fail
		`{"query":{"ref":["a"]},"expression":"{a} > 1"}`:               "[]", // it may fail first
		`{"expression":"{a.b} == \"x\""}`:                              "[{{placeholder a.b} [x]}]",
		`{"expression":"{a.b} == 'x' && {c} > 1"}`:                     "[{{placeholder a.b} [x]}]",
		`{"expression":{"expr":"{c} > 1 && {a.b} == 'x'","name":"n"}}`: "[{{placeholder a.b} [x]}]",
		`{"expression":"{a} == \"x\" || {b} == \"y\""}`:                "[]",
		`{"expression":"!({a} == \"x\" && {b} == \"y\" && {c})"}`:      "[]",
		`{"expression":"{a} != \"x\""}`:                                "[]",
		`{"expression":"{c} == 'x && {a} == \"y\" && z'"}`:             "[]", // all of it is one text
		`{"expression":"{a} == {b}"}`:                                  "[]",
		`{"expression":"true // && {a} == \"x\" && true"}`:             "[]",
		`{"expression":"{http.request.body} == \"x\""}`:                "[]",
		`{"expression":7}`:                                             "[]",
		`{"expression":"[true && {a} == \"x\" && true][0] == false"}`:  "[]", // it is part of a list
		`{"expression":"{'k': true && {a} == \"x\" && true} != {a}"}`:  "[]", // and of a map
		`{"expression":"'\"' != \"x && {a} == 'y' && z\" + '\"'"}`:     "[]", // and of a text
		`{"expression":"\"\"\"x\" && {a} == 'y' && \"z\"\"\" != {a}"}`: "[]",
		`{"expression":"{http.regexp.1} == 'x'"}`:                      "[]", // another's path_regexp says it
		`{"vars":{"{http.regexp.n.1}":["1"]}}`:                         "[]",
		`{"not":[{"query":{"ref":["a"]}}]}`:                            "[]",
	} {
		var set caddy.ModuleMap
		if err := json.Unmarshal([]byte(text), &set); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(NeedsOf(set)); got != want {
			t.Errorf("%s needs %s, want %s", text, got, want)
		}
	}
}

// needing is a campaign that needs one value.
func needing(key Key, value string) Sets { return Sets{{{key, []string{value}}}} }

func TestAnIndexIsMadeWhereItSparesSomething(t *testing.T) {
	ref := Key{Query, "ref"}
	var list []Sets
	for i := range 20 {
		list = append(list, needing(ref, fmt.Sprint(i)))
	}
	if New(list[:shortest-1]) != nil {
		t.Error("a short list has an index")
	}
	x := New(append(list, nil, Sets{nil}))
	values := func(values []string, known bool) func(Key) ([]string, bool) {
		return func(Key) ([]string, bool) { return values, known }
	}
	if got := fmt.Sprint(x.Candidates(values([]string{"7", "3", "7"}, true))); got != "[3 7 20 21]" {
		t.Errorf("candidates %s", got)
	}
	if got := x.Candidates(values(nil, false)); len(got) != 22 {
		t.Errorf("of what is not known %v are candidates", got)
	}
	if New(make([]Sets, 20)) != nil {
		t.Error("a list of which nothing is known has an index")
	}
	// Of two needs the one that tells more is used.
	lang := Need{Key{Query, "lang"}, []string{"en"}}
	for i := range list {
		list[i][0] = append([]Need{lang}, list[i][0]...)
	}
	if x := New(list); len(x.keys) != 1 || x.keys[0] != ref {
		t.Errorf("the index is by %v", x.keys)
	}
}
