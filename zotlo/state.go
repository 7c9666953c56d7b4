package zotlo

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync"
)

// keptAccounts bounds what a State remembers. The least recently asked for goes first.
const keptAccounts = 256

// State is what outlives Clients: for every set of keys at an address the breaker, the pauses, the
// rate and the reserve of retries. Make it once and give it to every Client that follows. It is
// safe for concurrent use, by old and new Clients at once, and its memory is bounded.
type State struct {
	mu       sync.Mutex
	accounts []knownAccount // the most recently asked for last
}

// knownAccount is an account and the hash by which it is found. The keys themselves are not kept.
type knownAccount struct {
	id      [sha256.Size]byte
	account *account
}

// NewState makes an empty State.
func NewState() *State { return new(State) }

// account is shared by all projects with the same keys at the same address: the API counts their
// calls together. The secret is part of the identity, so that a corrected one is not held back by
// what the wrong one was told.
func (s *State) account(p Project) *account {
	var b []byte
	// Each part stands behind its length: without it, two sets of keys could run together into one
	// text.
	for _, part := range []string{p.API(), p.AccessKey, p.AccessSecret} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	id := sha256.Sum256(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	known := knownAccount{id: id}
	i := slices.IndexFunc(s.accounts, func(k knownAccount) bool { return k.id == id })
	switch {
	case i >= 0:
		known = s.accounts[i]
		s.accounts = slices.Delete(s.accounts, i, i+1)
	case len(s.accounts) >= keptAccounts:
		s.accounts = slices.Delete(s.accounts, 0, 1)
		fallthrough
	default:
		known.account = newAccount(hex.EncodeToString(id[:]))
	}
	s.accounts = append(s.accounts, known)
	return known.account
}

// Activate makes hooks those that are told of the circuit breakers behind the clients, until others
// are activated. Clients of a configuration that is about to be rejected are never activated. An
// account that none of the clients uses keeps the hooks that it has.
func Activate(hooks Hooks, clients ...*Client) {
	watches := make(map[*account]*watch)
	for _, c := range clients {
		if watches[c.account] == nil {
			watches[c.account] = &watch{hooks: hooks}
		}
		watches[c.account].names = append(watches[c.account].names, c.project.Name)
	}
	for account, w := range watches {
		account.watch.Store(w)
	}
}
