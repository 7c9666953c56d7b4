package linkgen

import "github.com/caddy-checkout/checkout/zotlo"

// Hooks observe a Generator. All are optional, must be quick and safe for concurrent use, and must
// not call the Generator. They are told nothing personal.
type Hooks struct {
	zotlo.Hooks // of the API calls
	// InFlight is told +1 when a call gets one of Limits.MaxInFlight places, and -1 when it gives the
	// place back.
	InFlight func(delta int)
	// CacheError is told of a cache failure; the generator went on as if nothing were cached.
	CacheError func(err error)
	// Panic is told of a panic that was caught in a background call.
	Panic func(value any, stack []byte)
}

// inFlight, cacheError and panicked call the hook of that name, if it is given.
func (h *Hooks) inFlight(delta int) {
	if h.InFlight != nil {
		h.InFlight(delta)
	}
}

func (h *Hooks) cacheError(err error) {
	if h.CacheError != nil {
		h.CacheError(err)
	}
}

func (h *Hooks) panicked(value any, stack []byte) {
	if h.Panic != nil {
		h.Panic(value, stack)
	}
}
