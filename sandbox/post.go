package sandbox

import (
	"errors"
	"math/rand/v2"
)

// Post says how badly webhooks travel. The zero value loses none.
type Post struct {
	// Lose is how many of a hundred new webhooks are never sent: only Send sends
	// them. Repeat is how many of a hundred come twice, the second time under
	// another requestID.
	Lose   int `json:"lose,omitempty"`
	Repeat int `json:"repeat,omitempty"`
	// Shuffle sends what is sent together in another order.
	Shuffle bool `json:"shuffle,omitempty"`
	// Seed is where chance begins: the same seed has the same luck.
	Seed uint64 `json:"seed,omitempty"`
}

// ErrPost says that a number in Post is no percentage.
var ErrPost = errors.New("sandbox: lose and repeat are numbers of a hundred")

// luck decides what happens to webhooks. It is not safe for concurrent use.
type luck struct {
	post Post
	dice *rand.Rand
	lose int // the next so many
}

// newLuck begins at the seed. Two runs of a test have the same luck, as long as they send the same
// webhooks in the same order.
func newLuck(p Post) luck {
	return luck{post: p, dice: rand.New(rand.NewPCG(p.Seed, 0))}
}

// loses reports whether a new webhook is lost.
func (l *luck) loses() bool {
	// What LoseNext was told goes first, and throws no dice.
	if l.lose > 0 {
		l.lose--
		return true
	}
	return l.dice.IntN(100) < l.post.Lose
}

// repeats is asked after loses, for the same webhook: what is lost does not come twice.
func (l *luck) repeats() bool { return l.dice.IntN(100) < l.post.Repeat }

// shuffle changes an order, if it is to be changed.
func (l *luck) shuffle(events []*event) {
	if l.post.Shuffle {
		l.dice.Shuffle(len(events), func(i, j int) {
			events[i], events[j] = events[j], events[i]
		})
	}
}
