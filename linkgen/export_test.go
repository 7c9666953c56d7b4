package linkgen

// Key is the key of an order's link.
func (g *Generator) Key(o Order) Key { return g.Prepare(o).key }
