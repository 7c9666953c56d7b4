package signedoffer

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
)

func TestPlace(t *testing.T) {
	for place, test := range map[string]struct {
		uri, want string
		twice     bool
	}{
		`{"query":"offer"}`:  {"/go?offer=abc", "abc", false},
		`{"query":"Offer"}`:  {"/go?offer=abc", "", false},
		`{"query":"a"}`:      {"/go", "", false},
		`{"query":"b"}`:      {"/go?b=", "", false},
		`{"query":"c"}`:      {"/go?c=1&c=2", "", true},
		`{"query":"d"}`:      {"/go?d=1&d=1", "", true},
		`{"query":"e"}`:      {"/go?x=1&e=a%2Bb&y=2", "a+b", false},
		`{"query":"f"}`:      {"/go?f=%zz", "", false},
		`{"path":0}`:         {"/abc/def", "abc", false},
		`{"path":1}`:         {"/go/abc", "abc", false},
		`{"path":1 }`:        {"/go/abc/def?x=1", "abc", false},
		`{"path":1  }`:       {"/go", "", false},
		`{"path":1   }`:      {"/go/", "", false},
		`{"path":7}`:         {"/go/abc", "", false},
		`{"path":0 }`:        {"/", "", false},
		`{"query":"offer" }`: {"/abc", "", false},
	} {
		var p Place
		if err := json.Unmarshal([]byte(place), &p); err != nil {
			t.Fatal(err)
		}
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", place, err)
		}
		got, err := p.Find(httptest.NewRequest("GET", test.uri, nil))
		refused, isRefused := errors.AsType[*RefusedError](err)
		if got != test.want || isRefused != test.twice || isRefused && refused.Rule != "twice" {
			t.Errorf("%s of %s: %q, %v", place, test.uri, got, err)
		}
	}
}

func TestPlaceMistakes(t *testing.T) {
	for _, place := range []string{
		`{}`, `{"query":"a","path":1}`, `{"path":-1}`, `{"query":"a b"}`, `{"query":"{a}"}`,
		`{"query":"a&b"}`, `{"query":"a=b"}`,
	} {
		var p Place
		if err := json.Unmarshal([]byte(place), &p); err != nil {
			t.Fatal(err)
		}
		if p.Check() == nil {
			t.Errorf("%s is a place", place)
		}
	}
	one := 1
	for want, p := range map[string]Place{"query offer": {Query: "offer"}, "path 1": {Path: &one}} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
