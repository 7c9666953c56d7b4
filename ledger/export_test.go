package ledger

import "context"

// Finish does at once what is outstanding.
func (l *Ledger) Finish(ctx context.Context) error { return l.finish(ctx) }

// Flush writes the exposures that wait.
func (l *Ledger) Flush() { l.flushExposures() }
