package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// TestLongestAttribution: names have at most 64 characters, so that the text of every link fits into
// what is read back, whatever a campaign says.
func TestLongestAttribution(t *testing.T) {
	name, code := strings.Repeat("n", 64), strings.Repeat("a", 64)
	hash := strings.Repeat("h", 22)
	secrets, err := ledger.NewSecrets([]byte("a secret of the test"))
	if err != nil {
		t.Fatal(err)
	}
	text := secrets.Sign(ledger.Attribution{
		Campaign: name, Experiment: name, Variant: name, Subscriber: hash, Random: hash[:12],
		Quote: "999999999.99", QuoteCurrency: "EUR", Partner: code, Offer: hash,
		Minute: ledger.MinuteOf(time.Now()),
	})
	if len(text) > ledger.MaxAttribution {
		t.Errorf("%d characters: %s", len(text), text)
	}
	if secrets.Read(text).Campaign != name {
		t.Error("it is not read back")
	}
}
