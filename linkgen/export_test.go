package linkgen

// Key is the key of an order's link.
func (g *Generator) Key(o Order) Key { return g.Prepare(o).key }

// Unforgotten is how many could not be forgotten.
func (g *Generator) Unforgotten() int { return int(g.state.unforgotten.count.Load()) }
