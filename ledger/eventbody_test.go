package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/ledger"
)

// eventsIn are the events of an export's line, by their names.
func eventsIn(line string) map[string]any {
	var read struct {
		ID     []byte           `json:"id"`
		Events []map[string]any `json:"events"`
	}
	_ = json.Unmarshal([]byte(line), &read) // a line without events has none
	events := map[string]any{"id": string(read.ID)}
	for _, e := range read.Events {
		events[fmt.Sprint(e["name"])] = e
	}
	return events
}

// hashed is the hash of whatever has an @.
func hashed(text string) (string, bool) { return "hash of " + text, strings.Contains(text, "@") }

func TestParseEvents(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	for body, want := range map[string][]ledger.Event{
		`{"subscriber":"a@b","event":"cart"}`:     {{Subscriber: "hash of a@b", Name: "cart"}},
		"\t[ ]\n":                                 nil,
		`[{"subscriber":["a@b"],"event":"cart"}]`: {{Subscriber: "hash of a@b", Name: "cart"}},
		`{"subscriber":"a@b","event":"cart","at":"2026-11-27T01:00:00+01:00","keep":"1d12h",
			"values":{"total":"4\u0039.90","empty":""}}`: {{
			Subscriber: "hash of a@b", Name: "cart", At: at, Keep: 36 * time.Hour,
			Values: map[string]string{"total": "49.90", "empty": ""},
		}},
		`[{"subscriber":"a@b","event":"cart","at":null,"keep":null,"values":null},
			{"event":"visit","subscriber":"c@d","values":{}}]`: {
			{Subscriber: "hash of a@b", Name: "cart"},
			{Subscriber: "hash of c@d", Name: "visit", Values: map[string]string{}},
		},
		`{"event":"cart"}`: {{Name: "cart"}}, // that it lacks something is for Tell to say
	} {
		got, err := ledger.ParseEvents([]byte(body), hashed)
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

// TestParseEventsNamesTheMistake: by its place and member, and never with what a subscriber or a
// value says.
func TestParseEventsNamesTheMistake(t *testing.T) {
	type place struct {
		index  int
		member string
	}
	const good = `{"subscriber":"a@b","event":"cart"}`
	for body, want := range map[string]place{
		``:                                  {0, ""},
		`nothing`:                           {0, ""},
		`"text"`:                            {0, ""},
		`{"subscriber":"a@b"`:               {0, ""},
		`{"subscriber":"a@b","event":`:      {0, "event"},
		`[` + good + `,3]`:                  {1, ""},
		`[` + good + `,[]]`:                 {1, ""},
		`[` + good:                          {1, ""},
		`[` + good + ` ` + good + `]`:       {1, ""},
		good + good:                         {-1, ""},
		good + `]`:                          {-1, ""},
		"{\"subscriber\":\"\xff@b\"}":       {-1, ""},
		`{"Subscriber":"a@b"}`:              {0, "Subscriber"},
		`{"event":"a","event":"b"}`:         {0, "event"},
		`{"event":"a","\u0065vent":"b"}`:    {0, "event"},
		`[{"event":"a"},{"secret":"x"}]`:    {1, "secret"},
		`{"subscriber":"secret"}`:           {0, "subscriber"},
		`{"subscriber":7}`:                  {0, "subscriber"},
		`{"subscriber":["a@b","secret"]}`:   {0, "subscriber"},
		`{"subscriber":[]}`:                 {0, "subscriber"},
		`{"event":7}`:                       {0, "event"},
		`{"at":1764201600}`:                 {0, "at"},
		`{"at":"2026-11-27"}`:               {0, "at"},
		`{"at":"2026-11-27T00:00:00"}`:      {0, "at"},
		`{"at":"0001-01-01T00:00:00Z"}`:     {0, "at"},
		`{"keep":3600}`:                     {0, "keep"},
		`{"keep":"a while"}`:                {0, "keep"},
		`{"keep":"0s"}`:                     {0, "keep"},
		`{"keep":"-1h"}`:                    {0, "keep"},
		`{"values":[]}`:                     {0, "values"},
		`{"values":{"total":49.9}}`:         {0, "values"},
		`{"values":{"total":null}}`:         {0, "values"},
		`{"values":{"total":{"a":"b"}}}`:    {0, "values"},
		`{"values":{"a":"x","a":"secret"}}`: {0, "values"},
	} {
		events, err := ledger.ParseEvents([]byte(body), hashed)
		var bad *ledger.EventError
		if !errors.As(err, &bad) || events != nil || bad.Why == "" {
			t.Errorf("%s: %v, %v", body, events, err)
			continue
		}
		if got := (place{bad.Index, bad.Member}); got != want {
			t.Errorf("%s: the mistake is at %+v, want %+v: %v", body, got, want, err)
		}
		if strings.Contains(bad.Why, "secret") {
			t.Errorf("%s: the error quotes: %v", body, err)
		}
	}
	many := "[" + strings.Repeat(good+",", ledger.MaxBatch) + good + "]"
	if _, err := ledger.ParseEvents([]byte(many), hashed); err == nil {
		t.Error("one event too many is taken")
	}
	long := `{"` + strings.Repeat("é", 1000) + `":1}`
	if _, err := ledger.ParseEvents([]byte(long), hashed); len(err.Error()) > 250 {
		t.Errorf("an error has %d bytes", len(err.Error()))
	}
}

// FuzzEvents posts whatever anybody may. Nothing panics; what is taken is known, and changes nothing
// when it is told again; and what is not taken leaves nothing behind.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"subscriber":"a@b","event":"cart","at":"2026-01-01T00:00:00Z","keep":"30d"}`))
	f.Add([]byte(`[{"subscriber":"a@b","event":"cart","values":{"total":"1"}},
		{"subscriber":"a@b","event":"cart","at":"9999-12-31T23:59:59Z"}]`))
	f.Add([]byte(`[{"subscriber":"a@b","event":"zotlo.payment","values":{"":""}}]`))
	f.Add([]byte("[[[[{\"event\":\"\\ud800\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := ledger.ParseEvents(body, hashed)
		var bad *ledger.EventError
		if err != nil {
			if !errors.As(err, &bad) || events != nil {
				t.Errorf("%v, %v", events, err)
			}
			return
		}
		l := fuzzLedger(t)
		for i := range events { // else each telling has another instant
			if events[i].At.IsZero() {
				events[i].At = time.Now().Add(time.Duration(i) * time.Microsecond)
			}
		}
		if err := l.Tell(t.Context(), events); err != nil {
			var bad *ledger.EventError
			if !errors.As(err, &bad) || bad.Index < 0 || bad.Index >= len(events) {
				t.Errorf("%+v: %v", events, err)
			}
			events = nil
		}
		known := facts(t, l)
		if (len(events) > 0) != (len(known) > 0) {
			t.Errorf("of %d events there is %v", len(events), known)
		}
		if err := l.Tell(t.Context(), events); err != nil || !reflect.DeepEqual(facts(t, l), known) {
			t.Errorf("told again: %v", err)
		}
	})
}
