package ledger

import (
	"context"
	"time"
)

// This file is what a ledger needs of a store: documents that are changed one at a time, and rows
// of numbers. What stands in them is the ledger's business alone: a store sees kinds, keyed hashes
// and sealed bytes. A new kind of fact is a new Kind, and no new format.

// Kind is a family of documents or rows: a bucket of the file, a part of the name in Redis. The
// values stand in files and servers, so none is ever used for something else.
type Kind byte

// Key names a document or a row. ID is any bytes; mostly it is a keyed hash.
type Key struct {
	Kind Kind
	ID   string
}

// Doc is a document. The zero Doc is one that is not there.
type Doc struct {
	// Value is what is kept; nil is nothing. It is at most MaxValue bytes long.
	Value []byte
	// Until is when the store may drop the document, to the hour and never early: it is stored as
	// the next full hour. Zero is never. A document whose time is over is not there, whether it was
	// dropped or not.
	Until time.Time
}

// MaxValue is the longest Doc.Value, in bytes. A subscriber of whom a backend tells as much as it may
// takes nine tenths of it.
const MaxValue = 5 << 18

// Delta is a number to be added to a field of a row. Numbers are added and never set, so that nodes
// need not know of each other. A number may be negative: a refund in an experiment lowers a sum.
type Delta struct {
	// Any bytes.
	Field string
	N     int64
}

// Store keeps documents and rows, in one process or for a fleet. It is safe for concurrent use.
// The stories of package ledgertest are the test of an implementation.
//
// Errors are the store's own; a store that is closed, or gone, answers with one. Nothing is ever
// kept in memory instead of where it belongs.
type Store interface {
	// Read reads documents, in the order of their keys, in one round trip. What it returns is the
	// caller's.
	Read(ctx context.Context, keys ...Key) ([]Doc, error)

	// Do takes steps and returns once all of them are durable. A store that can takes them as one
	// transaction, of which all or nothing happens; in any other each step is durable and atomic
	// on its own, in their order. So after a crash the first n steps have happened, for any n.
	//
	// An error of take is returned as it is; a store with transactions then has taken no step.
	// take may be called again, so it must do nothing but take steps. It sees its own steps.
	Do(ctx context.Context, take func(Steps) error) error

	// Rows reads rows, in the order of their keys: field to number, without zeros. A row that is
	// not there is empty.
	Rows(ctx context.Context, keys ...Key) ([]map[string]int64, error)

	// Scan calls visit with all documents of a kind, in no order, until it returns an error, which
	// Scan returns. What changes meanwhile may be visited as it was or as it is, and a document
	// may be visited twice. visit may read and change the store. ScanRows does the same with rows.
	Scan(ctx context.Context, kind Kind, visit func(id string, doc Doc) error) error
	ScanRows(ctx context.Context, kind Kind, visit func(id string, row map[string]int64) error) error

	// Close lets go of the store. What comes later fails.
	Close() error
}

// Steps are what Store.Do hands to its caller.
type Steps interface {
	// Read is Store.Read, with the steps before it.
	Read(keys ...Key) ([]Doc, error)

	// Change replaces a document by what change makes of it, atomically. change is called again
	// with the newer document where somebody else was faster. A Doc whose value has no bytes
	// deletes. With an error of change, which Change returns, nothing is written.
	Change(key Key, change func(old Doc) (Doc, error)) error

	// Add adds to the fields of a row, unless that was done before under the same once, which it
	// remembers for at least OnceLife. A once is of its row: under the same one, another row counts
	// it as well. An empty one is none. Where a store takes all steps or none, once is not needed
	// and not looked at. A number that would overflow is an error, and nothing is added.
	Add(row Key, once string, deltas ...Delta) error
}

// OnceLife is how long it is known that an Add was done. What is left half-done is finished within
// hours; what is older is read anew from its document, whose mark says that it is done.
const OnceLife = 7 * 24 * time.Hour
