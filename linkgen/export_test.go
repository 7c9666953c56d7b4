package linkgen

// SweepAll does a whole round of the sweep at once, a shard at a time as always.
func SweepAll(m *Memory) {
	for shard := range shards {
		m.links.sweep(shard, m.age())
		m.facts.sweep(shard, m.age())
	}
}
