package filestore

// bucket looks at a leaf of the root, whose elements are the buckets.
func (c *checker) bucket(p page) error {
	return p.elements(func(flags uint32, key, value []byte) error {
		if flags&bucketFlag == 0 || len(value) < bucketHeader {
			return damaged("%q is no bucket", key)
		}
		root := order.Uint64(value)
		if root != 0 {
			_, err := c.tree(root, 0, false, func(p page) error { return p.elements(nil) })
			return err
		}
		// A small bucket stands in its element, as a page without a number.
		inline := page(value[bucketHeader:])
		if len(inline) < pageHeader || inline.flags() != leafFlag {
			return damaged("bucket %q has no page", key)
		}
		return inline.elements(nil)
	})
}

// elements looks at all elements of a leaf, and may show them.
func (p page) elements(visit func(flags uint32, key, value []byte) error) error {
	for i := range p.count() {
		at, err := p.element(i)
		if err != nil {
			return err
		}
		pos, size := uint64(order.Uint32(p[at+4:])), uint64(order.Uint32(p[at+8:]))
		key, err := p.part(at, pos, size)
		if err != nil {
			return err
		}
		if len(key) == 0 {
			return damaged("a key of page %d is empty", order.Uint64(p))
		}
		value, err := p.part(at, pos+size, uint64(order.Uint32(p[at+12:])))
		if err != nil {
			return err
		}
		if visit == nil {
			continue
		}
		if err := visit(order.Uint32(p[at:]), key, value); err != nil {
			return err
		}
	}
	return nil
}

// free looks at the list of free pages. A page in it that is in use would be overwritten. A file
// without a list was written by another program, and bbolt would read all of it, in a goroutine
// where a panic ends the process.
func (c *checker) free() error {
	if c.freelist == ^uint64(0) {
		return damaged("it has no list of free pages; compact it with the bbolt command")
	}
	if err := c.mark(c.freelist); err != nil {
		return err
	}
	p, err := c.read(c.freelist)
	if err != nil {
		return err
	}
	ids, count := p[pageHeader:], uint64(p.count())
	if count == 0xFFFF { // as many as fit, so the number of them stands in front
		ids, count = ids[8:], order.Uint64(ids)
	}
	if p.flags() != freelistFlag || count > uint64(len(ids)/8) {
		return damaged("page %d is no list of free pages", c.freelist)
	}
	for i := range count {
		if err := c.mark(order.Uint64(ids[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
