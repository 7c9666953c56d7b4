package zotlo

import "time"

// Hooks observe calls. All are optional, must be quick and safe for concurrent use, and must not
// call the Client. They are told nothing personal.
type Hooks struct {
	// APICall is told of each call's result (a closed set, see Results) and duration, retries
	// apart.
	APICall func(project, result string, d time.Duration)
	// Breaker is told when a project's circuit breaker opens and closes.
	Breaker func(project string, open bool)
	// Paused is told once when a project is paused, with Zotlo's code, else the
	// HTTP status.
	Paused func(project, code string, d time.Duration)
	// PacerError is told of a failure of Config.Pacer; the Client went on alone.
	PacerError func(err error)
}

// apiCall tells of one call, if anybody listens.
func (h *Hooks) apiCall(project, result string, d time.Duration) {
	if h.APICall != nil {
		h.APICall(project, result, d)
	}
}

// breaker tells of a breaker that opened or closed, if anybody listens.
func (h *Hooks) breaker(project string, open bool) {
	if h.Breaker != nil {
		h.Breaker(project, open)
	}
}

// paused tells of a pause that began, if anybody listens.
func (h *Hooks) paused(project, code string, d time.Duration) {
	if h.Paused != nil {
		h.Paused(project, code, d)
	}
}

// pacerError tells of a pacer that failed, if anybody listens.
func (h *Hooks) pacerError(err error) {
	if h.PacerError != nil {
		h.PacerError(err)
	}
}
