package ledger

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"
)

// opened remembers what the documents of subscribers say, so that a click of somebody who was here a
// moment ago waits for no decryption. The store is asked all the same, and an entry stands for the
// very bytes that were read: what another node has written is other bytes.
//
// It has a place for each of openedPlaces, by their hash. Who comes last has it.
type opened struct {
	places [openedPlaces]atomic.Pointer[openedPerson]
}

// openedPlaces is a power of two. A document takes some hundred bytes, and at most MaxValue.
const openedPlaces = 16384

// openedPerson is a document and what it says. Nobody may change either.
type openedPerson struct {
	id     string
	sealed []byte
	person person
}

// person opens a document, or remembers it.
func (o *opened) person(c *codec, key Key, sealed []byte) (person, error) {
	place := &o.places[binary.LittleEndian.Uint64([]byte(key.ID[:8]))%openedPlaces]
	if p := place.Load(); p != nil && p.id == key.ID && bytes.Equal(p.sealed, sealed) {
		return p.person, nil
	}
	p := &openedPerson{id: key.ID, sealed: sealed}
	if err := c.read(key, sealed, &p.person); err != nil {
		return person{}, err
	}
	place.Store(p)
	return p.person, nil
}
