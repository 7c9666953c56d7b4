package ledger

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// This file makes the texts short that stand in every document: the words of Zotlo become a number,
// its ids 16 bytes. Readers and exports see the text.

// text is a text that may be a word of words or a UUID. What writes itself is never empty to CBOR,
// so a field of it is omitzero. A sale holds four or five of them, so this is a good part of their
// size.
type text string

// words are written as their place in this list. Those places stand in files and servers: a new
// word goes to the end, and none is ever taken out. The first 24 need one byte.
var words = []text{
	"start_paid", "trial", "trial_to_paid", "renewal", "reactive", "consumable", "upsell",
	"subscription", "_other",
	statusActive, statusGrace, statusCancelled, statusPaused, statusPassive,
	"zotlo.payment", "zotlo.trial", "zotlo.renewal", "zotlo.refund", "zotlo.cancel", "zotlo.grace",
	"zotlo.expired", "refund",
}

// MarshalCBOR writes the shortest form. The CBOR type tells the three forms apart: an integer is a
// word, a byte string a UUID, a text string itself.
func (t text) MarshalCBOR() ([]byte, error) {
	if i := slices.Index(words, t); i >= 0 {
		return cborMode.Marshal(i)
	}
	if id, ok := parseUUID(string(t)); ok {
		return cborMode.Marshal(id)
	}
	return cborMode.Marshal(string(t))
}

// UnmarshalCBOR reads what MarshalCBOR wrote. A number beyond the list was written by a newer
// version. To guess would be to change what a payment was, so it is an error.
func (t *text) UnmarshalCBOR(raw []byte) error {
	var v any
	if err := cbor.Unmarshal(raw, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case string:
		*t = text(v)
		return nil
	case uint64:
		if v < uint64(len(words)) {
			*t = words[v]
			return nil
		}
	case []byte:
		if len(v) == idSize {
			*t = text(formatUUID(v))
			return nil
		}
	}
	return errors.New("a text that this program does not know")
}

// parseUUID reads a UUID in its canonical form (RFC 9562, section 4): in lower case, with hyphens.
// Any other text would not come back as it was.
func parseUUID(text string) ([]byte, bool) {
	if len(text) != 36 {
		return nil, false
	}
	id, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return id, err == nil && len(id) == idSize && formatUUID(id) == text
}

// Lower case and hyphens are the only form that is written, so parseUUID can compare with it.
func formatUUID(id []byte) string {
	x := hex.EncodeToString(id)
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
}
