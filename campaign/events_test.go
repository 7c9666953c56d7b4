package campaign

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const day = 24 * time.Hour

// TestEventsAreConditions: all of them must hold, and none does for users of whom nothing is known.
func TestEventsAreConditions(t *testing.T) {
	abandoned := Config{Events: events{"cart": 3 * day}, NoEvents: events{"cart": time.Hour, "order": 0}}
	for _, test := range []struct {
		name   string
		cfg    Config
		events map[string]time.Duration
		want   string // the condition that does not hold; empty: chosen
	}{
		{"it happened", Config{Events: events{"cart": 0}}, map[string]time.Duration{"cart": 900 * day}, ""},
		{"it did not", Config{Events: events{"cart": 0}}, map[string]time.Duration{}, "event"},
		{"another happened", Config{Events: events{"cart": 0}}, map[string]time.Duration{"order": 1}, "event"},
		{"too long ago", Config{Events: events{"cart": day}}, map[string]time.Duration{"cart": day}, "event"},
		{"one of two", Config{Events: events{"a": 0, "b": 0}}, map[string]time.Duration{"a": 1}, "event"},
		{"both", Config{Events: events{"a": 0, "b": 0}}, map[string]time.Duration{"a": 1, "b": 1}, ""},
		{"it must not have", Config{NoEvents: events{"order": 0}}, map[string]time.Duration{"order": 1}, "no_event"},
		{"and has not", Config{NoEvents: events{"order": 0}}, map[string]time.Duration{}, ""},
		{"and not for long", Config{NoEvents: events{"order": day}}, map[string]time.Duration{"order": day}, ""},
		{"nobody, an event", Config{Events: events{"cart": 0}}, nil, "event"},
		{"nobody, no event", Config{NoEvents: events{"order": 0}}, nil, "no_event"},
		{"just left", abandoned, map[string]time.Duration{"cart": time.Minute}, "no_event"},
		{"left yesterday", abandoned, map[string]time.Duration{"cart": day}, ""},
		{"left yesterday, and bought", abandoned, map[string]time.Duration{"cart": day, "order": 1}, "no_event"},
		{"Zotlo's own", Config{Events: events{"zotlo.cancel": 0}}, map[string]time.Duration{"zotlo.cancel": 1}, ""},
	} {
		c, s := load(t, test.cfg), shopper{events: test.events}
		d, err := Decide([]*Campaign{c}, s.user(), s, s.at)
		if (err == nil) != (test.want == "") || err != nil && err != ErrNone || d.Failed != nil {
			t.Errorf("%s: %+v, %v", test.name, d, err)
		}
		want := test.want
		if want == "" {
			want = "chosen"
		}
		if d, _ := explain([]*Campaign{c}, s, ""); d.Steps[0].Result != want {
			t.Errorf("%s: explained as %+v", test.name, d.Steps[0])
		}
	}
}

// TestEventsAreAskedLast: who does not match is not looked up, and neither is anybody by a campaign
// that asks for no events.
func TestEventsAreAskedLast(t *testing.T) {
	asked := 0
	s := counting{shopper{match: func(index int) (bool, error) { return index > 0, nil }}, &asked}
	asks := load(t, Config{Name: "asks", Events: events{"a": 0}, NoEvents: events{"b": 0}})
	plain := load(t, Config{Name: "plain"})
	if _, err := Decide([]*Campaign{asks, plain}, User{}, s, s.at); err != nil || asked != 0 {
		t.Errorf("%d look-ups, %v", asked, err)
	}
	if d, _ := Decide([]*Campaign{plain, asks, plain}, User{}, s, s.at); d.Index != 2 || asked != 1 {
		t.Errorf("%d questions, campaign %d", asked, d.Index)
	}
}

// counting counts how often it is asked for events.
type counting struct {
	shopper
	n *int
}

func (c counting) Happened(event string, within time.Duration) (bool, bool) {
	*c.n++
	return c.shopper.Happened(event, within)
}

// TestExplainSaysEachEvent as the operator wrote it.
func TestExplainSaysEachEvent(t *testing.T) {
	c := load(t, Config{
		Events:   events{"cart_left": 3 * day, "visit": 0},
		NoEvents: events{"zotlo.payment": 36 * time.Hour},
	})
	s := shopper{events: map[string]time.Duration{"cart_left": 1, "zotlo.payment": 1}}
	want := []string{
		"event cart_left 3d: it happened", "event visit: it did not happen",
		"no_event zotlo.payment 36h: it happened",
	}
	if diff := cmp.Diff(want, c.ExplainEvents(s)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	d, _ := explain([]*Campaign{c}, s, "")
	if want := (Step{"pro", "event", "event visit: it did not happen"}); d.Steps[0] != want {
		t.Errorf("step %+v, want %+v", d.Steps[0], want)
	}
	d, _ = explain([]*Campaign{c}, shopper{}, "")
	want = []string{"event cart_left 3d: does not hold, for nothing is known of the user"}
	if d.Steps[0].Detail != want[0] {
		t.Errorf("step %+v", d.Steps[0])
	}
	if lines := load(t, Config{}).ExplainEvents(s); lines != nil {
		t.Errorf("a campaign without events says %q", lines)
	}
}

func TestMistakesInEvents(t *testing.T) {
	for want, cfg := range map[string]Config{
		`campaign pro: event: "Cart" is no name of an event: write 1 to 64 of a-z`: {Events: events{"Cart": 0}},
		`no_event: "zotlo.cancelled" is no event: Zotlo's own are zotlo.cancel, `:  {NoEvents: events{"zotlo.cancelled": 0}},
		`event cart: the time is negative: write one such as "event cart 3d"`:      {Events: events{"cart": -1}},
		`event cart 1h and no_event cart can never hold together`: {
			Events: events{"cart": time.Hour}, NoEvents: events{"cart": 0},
		},
		`event cart 1h and no_event cart 1h can never hold together`: {
			Events: events{"cart": time.Hour}, NoEvents: events{"cart": time.Hour},
		},
		`event cart and no_event cart can never hold together`: {Events: events{"cart": 0}, NoEvents: events{"cart": 0}},
	} {
		if _, err := New(complete(cfg), options(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	load(t, Config{Events: events{"cart": 0}, NoEvents: events{"cart": time.Hour}})
}

// TestEventsInJSON: times are nanoseconds or text, and come back as they were.
func TestEventsInJSON(t *testing.T) {
	var cfg Config
	err := json.Unmarshal([]byte(`{"event":{"cart":"3d","visit":0},"no_event":{"order":3600000000000}}`), &cfg)
	want := Config{Events: events{"cart": 3 * day, "visit": 0}, NoEvents: events{"order": time.Hour}}
	if diff := cmp.Diff(want, cfg); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	text, _ := json.Marshal(cfg)
	var back Config
	if err := json.Unmarshal(text, &back); err != nil || !cmp.Equal(want, back) {
		t.Errorf("%s reads %+v, %v", text, back, err)
	}
	for _, text := range []string{
		`{"event":["cart"]}`, `{"event":"cart"}`, `{"event":{"cart":"soon"}}`, `{"event":{"cart":true}}`,
	} {
		if err := json.Unmarshal([]byte(text), &cfg); err == nil {
			t.Errorf("%s is read", text)
		}
	}
	if err := json.Unmarshal([]byte(`{"event":null}`), &cfg); err != nil || cfg.Events != nil {
		t.Errorf("null is %v, %v", cfg.Events, err)
	}
}
