package block

import (
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Place is a line of a Caddyfile, kept for errors that are only found further down.
type Place struct {
	file string
	line int
}

// PlaceOf is where the dispenser stands.
func PlaceOf(d *caddyfile.Dispenser) Place { return Place{d.File(), d.Line()} }

// Errorf makes an error as Dispenser.Errf does, for this place.
func (p Place) Errorf(format string,
	args ...any,
) error {
	return p.wrap(fmt.Errorf(format, args...))
}

func (p Place) wrap(err error) error { return fmt.Errorf("%w, at %s:%d", err, p.file, p.line) }

// book remembers where a Caddyfile names each secret, and what else is read when the configuration
// is loaded. That is not when the Caddyfile is adapted, which may happen on another machine; where
// both happen in one process, an error can still say the line.
var book struct {
	sync.Mutex
	places map[string]Place
}

// maxPlaces bounds the book: a server may adapt Caddyfiles for years.
const maxPlaces = 1000

// Note remembers where an option is given a text.
func Note(option, text string, at Place) {
	book.Lock()
	defer book.Unlock()
	if book.places == nil || len(book.places) >= maxPlaces {
		book.places = make(map[string]Place)
	}
	book.places[option+" "+text] = at
}

// Locate adds the line to an error about an option's text, if Note was told of it in this process.
func Locate(option, text string, err error) error {
	book.Lock()
	at, ok := book.places[option+" "+text]
	book.Unlock()
	if !ok {
		return err
	}
	return at.wrap(err)
}
