package linkgen

import "time"

// Hooks observe a Generator. All are optional, must be quick and safe for concurrent use, and must not call the
// Generator. They are told nothing personal.
type Hooks struct {
	// APICall is told of each call's result (a closed set, see Results) and duration, retries apart.
	APICall func(project, result string, d time.Duration)
	// InFlight is told +1 and -1.
	InFlight func(delta int)
	// Breaker is told when a project's circuit breaker opens and closes.
	Breaker func(project string, open bool)
	// CacheError is told of a cache failure; the generator went on as if nothing were cached.
	CacheError func(err error)
	// Paused is told once when a project is paused, with Zotlo's code or "429".
	Paused func(project, code string, d time.Duration)
	// Panic is told of a panic that was caught in a background call.
	Panic func(value any, stack []byte)
}

func (h *Hooks) apiCall(project, result string, d time.Duration) {
	if h.APICall != nil {
		h.APICall(project, result, d)
	}
}

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

func (h *Hooks) paused(project, code string, d time.Duration) {
	if h.Paused != nil {
		h.Paused(project, code, d)
	}
}

func (h *Hooks) panicked(value any, stack []byte) {
	if h.Panic != nil {
		h.Panic(value, stack)
	}
}
