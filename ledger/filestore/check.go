package filestore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// This file looks at a file before bbolt does. bbolt trusts its pages: with damaged ones it panics,
// also in goroutines of its own where nobody can recover, runs in circles until the stack is full,
// or writes over pages that are in use. What is read here is what leads it there: the meta pages,
// the list of free pages, and the branches. Those are one page in a hundred, so that a ledger of
// gigabytes opens in a moment. What stands in the leaves is checked when it is read.
//
// The layout is that of bbolt's internal/common: page.go, meta.go, bucket.go; in the byte order of
// the machine.

// Sizes and marks of bbolt.
const (
	pageHeader    = 16 // id uint64, flags uint16, count uint16, overflow uint32
	elementHeader = 16 // branch: pos, ksize uint32, page uint64; leaf: flags, pos, ksize, vsize
	metaSize      = 64 // behind the header of pages 0 and 1
	bucketHeader  = 16 // root uint64, sequence uint64

	branchFlag   = 0x01
	leafFlag     = 0x02
	freelistFlag = 0x10
	bucketFlag   = 0x01 // of a leaf's element

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	maxDepth    = 32 // of a tree: a billion of documents need six
)

var order = binary.NativeEndian

// meta is what a meta page says.
type meta struct {
	pageSize             int64
	root, freelist, high uint64 // high is the first page that was never used
	transaction          uint64
}

// readMeta reads a meta page from behind its header, and checks its sum: FNV-1a of all before it.
func readMeta(raw []byte) (m meta, ok bool) {
	sum := fnv.New64a()
	_, _ = sum.Write(raw[:metaSize-8])
	ok = order.Uint32(raw) == boltMagic && order.Uint32(raw[4:]) == boltVersion &&
		order.Uint64(raw[metaSize-8:]) == sum.Sum64()
	return meta{
		pageSize: int64(order.Uint32(raw[8:])), root: order.Uint64(raw[16:]),
		freelist: order.Uint64(raw[32:]), high: order.Uint64(raw[40:]),
		transaction: order.Uint64(raw[48:]),
	}, ok
}

// findMeta is the newest meta page that is whole. A crash may leave one that is not, and the other
// one is then the state before it. The second one stands where the page size says, which is unknown
// if the first is not whole.
func findMeta(file io.ReaderAt) (best meta, err error) {
	found := false
	look := func(at int64) {
		var raw [pageHeader + metaSize]byte
		if _, err := file.ReadAt(raw[:], at); err != nil {
			return
		}
		if m, ok := readMeta(raw[pageHeader:]); ok && (!found || m.transaction > best.transaction) {
			best, found = m, true
		}
	}
	look(0)
	if found {
		look(best.pageSize)
		return best, nil
	}
	for size := int64(1 << 10); size <= 1<<24 && !found; size *= 2 {
		look(size)
	}
	if !found {
		return best, damaged("its first pages are not a ledger's")
	}
	return best, nil
}

// checker walks through a file, and notes what refers to which page.
type checker struct {
	meta
	file io.ReaderAt
	used []bool // by page: something refers to it
}

// check is an error if bbolt could not work with the file. It reads few pages of it, and writes
// nothing. The file must be locked: a page that is just being written looks like damage.
func check(file *os.File, size int64) error {
	if size == 0 {
		return damaged("it is empty; remove it if it never was a ledger")
	}
	m, err := findMeta(file)
	if err != nil {
		return err
	}
	if m.pageSize < 1<<10 || m.pageSize&(m.pageSize-1) != 0 || m.high > uint64(size/m.pageSize) {
		return damaged("of %d bytes, its end is missing", size)
	}
	c := &checker{meta: m, file: file, used: make([]bool, m.high)}
	if _, err := c.tree(m.root, 0, true, c.bucket); err != nil {
		return err
	}
	return c.free()
}

func damaged(what string, args ...any) error {
	return fmt.Errorf("%w (%s)", ErrDamaged, fmt.Sprintf(what, args...))
}

// mark notes that something refers to a page, which nothing else may do. So no walk of bbolt's ends
// where it began, and no free page is one that is in use.
func (c *checker) mark(id uint64) error {
	if id < 2 || id >= c.high {
		return damaged("page %d of %d is referred to", id, c.high)
	}
	if c.used[id] {
		return damaged("page %d is referred to twice", id)
	}
	c.used[id] = true
	return nil
}

// page is a page with its header, and with its overflow: the pages behind it that belong to it,
// because an element is longer than a page.
type page []byte

func (p page) flags() uint16 { return order.Uint16(p[8:]) }
func (p page) count() int    { return int(order.Uint16(p[10:])) }

// part is the bytes of an element from its offset on, if they are all on the page.
func (p page) part(offset int, pos, size uint64) ([]byte, error) {
	from := uint64(offset) + pos
	if from > uint64(len(p)) || size > uint64(len(p))-from {
		return nil, damaged("an element of page %d is longer than the page", order.Uint64(p))
	}
	return p[from : from+size], nil
}

// element is where the header of an element is, which must be on the page. Headers stand one after
// the other behind the page's; the positions in them count from where they themselves stand.
func (p page) element(i int) (int, error) {
	at := pageHeader + i*elementHeader
	if at+elementHeader > len(p) {
		return 0, damaged("page %d is shorter than its elements", order.Uint64(p))
	}
	return at, nil
}

// read reads a page that says itself that it is this one, with its overflow.
func (c *checker) read(id uint64) (page, error) {
	p := make(page, c.pageSize)
	if _, err := c.file.ReadAt(p, int64(id)*c.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	more := uint64(order.Uint32(p[12:]))
	if order.Uint64(p) != id || more >= c.high-id {
		return nil, damaged("page %d is another one", id)
	}
	if more == 0 {
		return p, nil
	}
	for over := id + 1; over <= id+more; over++ {
		if err := c.mark(over); err != nil {
			return nil, err
		}
	}
	p = make(page, c.pageSize*int64(1+more))
	if _, err := c.file.ReadAt(p, int64(id)*c.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return p, nil
}

// tree walks the branches below a page, and reports whether the page is a leaf itself. All leaves
// of a tree are equally deep, so of siblings that are leaves one alone is looked at, unless all are
// asked for. A branch must have its keys in order, since bbolt searches by halves.
func (c *checker) tree(
	id uint64, depth int, all bool, visit func(page) error,
) (leaf bool, err error) {
	if err := c.mark(id); err != nil {
		return false, err
	}
	p, err := c.read(id)
	switch {
	case err != nil:
		return false, err
	case p.flags() == leafFlag:
		return true, visit(p)
	case p.flags() != branchFlag || p.count() == 0 || depth == maxDepth:
		return false, damaged("page %d is neither branch nor leaf", id)
	}
	var last []byte
	leaves := false
	for i := range p.count() {
		key, child, err := p.branch(i)
		if err != nil {
			return false, err
		}
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return false, damaged("the keys of page %d are not in order", id)
		}
		last = key
		if leaves && !all {
			err = c.mark(child)
		} else {
			leaves, err = c.tree(child, depth+1, all, visit)
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// branch is an element of a branch: a key, and the page where the keys from this one on are.
func (p page) branch(i int) (key []byte, child uint64, err error) {
	at, err := p.element(i)
	if err != nil {
		return nil, 0, err
	}
	key, err = p.part(at, uint64(order.Uint32(p[at:])), uint64(order.Uint32(p[at+4:])))
	return key, order.Uint64(p[at+8:]), err
}
