package caddymodule

import (
	"fmt"
	"sync"
)

// secretPlaces remembers where a Caddyfile names each secret, and what else is read when the configuration is loaded, not when
// the Caddyfile is adapted, which may happen on another machine; where both happen in one process, the error can still say the line.
var secretPlaces placeBook

type placeBook struct {
	mu    sync.Mutex
	lines map[string]place
}

// maxPlaces bounds the book: a server may adapt Caddyfiles for years.
const maxPlaces = 1000

func (b *placeBook) note(word, text string, at place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lines == nil || len(b.lines) >= maxPlaces {
		b.lines = make(map[string]place)
	}
	b.lines[word+" "+text] = at
}

// locate adds the line to an error about a secret, if it is known.
func (b *placeBook) locate(word, text string, err error) error {
	b.mu.Lock()
	at, ok := b.lines[word+" "+text]
	b.mu.Unlock()
	if !ok {
		return err
	}
	return fmt.Errorf("%w, at %s:%d", err, at.file, at.line)
}
