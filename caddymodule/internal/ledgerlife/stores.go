package ledgerlife

import (
	"slices"
	"sync"

	"github.com/caddy-checkout/checkout/ledger"
)

// shared is a store that is open, and how many hold it.
type shared struct {
	ledger.Store
	key  string
	uses int
}

// broken is why the store writes nothing any more, if it says so.
func (s *shared) broken() error {
	if teller, ok := s.Store.(interface{ Err() error }); ok {
		return teller.Err()
	}
	return nil
}

// openStores are the stores of this process.
type openStores struct {
	mu   sync.Mutex
	list []*shared
}

var stores openStores

// take is the open store of that key, or nil.
func (o *openStores) take(key string) *shared {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taken(key)
}

func (o *openStores) taken(key string) *shared {
	for _, s := range o.list {
		if key != "" && s.key == key && s.broken() == nil {
			s.uses++
			return s
		}
	}
	return nil
}

// open takes the store if it is open, else opens it. Nobody else opens one meanwhile: two holders
// of one file would lock each other out.
func (o *openStores) open(source Source, again bool) (*shared, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.taken(source.Key()); s != nil {
		return s, nil
	}
	store, err := source.Open(again)
	if err != nil {
		return nil, err
	}
	// A file that was not there has a name only now.
	s := &shared{Store: store, key: source.Key(), uses: 1}
	o.list = append(o.list, s)
	return s, nil
}

// giveBack closes the store once nobody holds it.
func (o *openStores) giveBack(s *shared) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.uses--; s.uses > 0 {
		return nil
	}
	o.list = slices.DeleteFunc(o.list, func(other *shared) bool { return other == s })
	return s.Close()
}

// Each calls f with every store that is open.
func Each(f func(ledger.Store)) {
	stores.mu.Lock()
	list := slices.Clone(stores.list)
	stores.mu.Unlock()
	for _, s := range list {
		f(s.Store)
	}
}
