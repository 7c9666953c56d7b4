package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

// formLife is how long the SDK keeps a session.
const formLife = 30 * time.Minute

// form is a session of the SDK: a checkout that stands in a page of the merchant's.
type form struct {
	uuid       string
	subscriber string
	product    BaseLink
	parameters json.RawMessage
	language   string
	ip         string
	testMode   bool
	began      time.Time
	paidBy     string // the TransactionID, once paid
}

func (f *form) key() string { return f.uuid }

// forms are the newest sessions. They are safe for concurrent use, and hand out copies.
type forms struct {
	clock *ticker

	mu   sync.Mutex
	open store[*form]
}

func newForms(clock *ticker) *forms { return &forms{clock: clock, open: newStore[*form](keepPayments)} }

func (s *forms) add(f *form) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open.add(f)
}

// get is a session that lasts, or nil.
func (s *forms) get(uuid string) *form {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.open.get(uuid)
	if !ok || !s.clock.now().Before(f.began.Add(formLife)) {
		return nil
	}
	copied := *f
	return &copied
}

func (s *forms) change(uuid string, do func(*form)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.open.get(uuid); ok {
		do(f)
	}
}

// packageOf is what a package sells: that of the first base link which has it. Without Config.BaseLinks every
// package is known, and sells one plain product.
func (b *books) packageOf(id string) (*BaseLink, bool) {
	if id == "" {
		return nil, false
	}
	if b.bases == nil {
		return BaseLink{PackageID: id}.complete("of a form"), true
	}
	for _, link := range slices.Sorted(maps.Keys(b.bases)) {
		if b.bases[link].PackageID == id {
			return b.bases[link], true
		}
	}
	return nil, false
}

// sellForm sells what a form shows: the webhooks go out as those of a link do. A form may be paid
// again, as the real one may. Its errors are ErrNoSubscriber and ErrSubscribed.
func (b *books) sellForm(f form) (Payment, error) {
	return b.commit(func() (*payment, []*event, error) {
		sold := &sale{
			fields: Link{
				SubscriberID: f.subscriber, SubscriberIPAddress: f.ip, Language: f.language,
				Base: f.product,
			},
			parameters: f.parameters, product: f.product,
			terms:      terms{testMode: f.testMode},
			clientUUID: newUUID(),
		}
		p, err := b.beginLocked(sold, nil)
		if err != nil {
			return nil, nil, err
		}
		return p, append(b.tellBegin(p), b.tell(KindRegistration, p, registrationBody)...), nil
	})
}
