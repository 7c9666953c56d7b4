package shoptest

import (
	"bytes"
	"sync"
)

// Transcript is all that a process has written, and says when there is more.
type Transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

func newTranscript() *Transcript { return &Transcript{grown: make(chan struct{})} }

// Write is for the process.
func (tr *Transcript) Write(text []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	close(tr.grown)
	tr.grown = make(chan struct{})
	return tr.text.Write(text)
}

// look reports whether a text was written; grown is closed when there is more to look at.
func (tr *Transcript) look(text string) (found bool, grown <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return bytes.Contains(tr.text.Bytes(), []byte(text)), tr.grown
}

// String is everything that was written so far.
func (tr *Transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}
