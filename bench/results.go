package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"time"
)

// figure is a number that a part measured, and how to measure it again.
type figure struct {
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Command string  `json:"command"`
	Machine string  `json:"machine"`
}

// results are figures by name. Those of the last full measurement stand in results.json, where the
// model of a fleet takes its constants from.
type results map[string]figure

//go:embed results.json
var committed []byte

// keep adds a figure of the part that runs.
func (l *lab) keep(name, unit string, value float64) {
	if l.found == nil {
		l.found = results{}
	}
	l.found[name] = figure{value, unit, l.command, l.machine}
}

// keepPair adds what a request of either side of a comparison cost.
func (l *lab) keepPair(name, ours, other string, c comparison) {
	a, b := c.each()
	l.keep(name+", "+ours, "µs", inMicros(a))
	l.keep(name+", "+other, "µs", inMicros(b))
}

func inMicros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// command is how a part is run again: with the flags that change what it measures.
func command(part string) string {
	args := []string{"go run ./bench -run " + part}
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "run", "results", "md", "timeout", "profile":
		default:
			args = append(args, "-"+f.Name+" "+f.Value.String())
		}
	})
	return strings.Join(args, " ")
}

// readResults reads the figures in a file. An empty path means the committed ones.
func readResults(path string) (results, error) {
	text := committed
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	r := results{}
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	return r, nil
}

// addTo writes the figures into a file, beside those that it holds under other names.
func (r results) addTo(path string) error {
	all, err := readResults(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if all == nil {
		all = results{}
	}
	maps.Copy(all, r)
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// of is a figure's value. One that is missing is an error that says which, so that a model never
// goes on with a zero.
func (r results) of(name string) (float64, error) {
	f, ok := r[name]
	if !ok || f.Value <= 0 {
		return 0, fmt.Errorf("the results have no figure %q: measure it with -results", name)
	}
	return f.Value, nil
}
