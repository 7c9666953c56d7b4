package filestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// childEnv tells the test binary to be a writer that is going to be killed, and into which file.
const childEnv = "CHECKOUT_FILESTORE_CHILD"

// The kinds of what a writer writes: two documents a sale, and a row that counts the sales.
const (
	saleKind ledger.Kind = iota + 1
	twinKind
	countKind
)

var saleCount = ledger.Key{Kind: countKind, ID: "sales"}

// sell takes the steps of a sale, which happen all or not at all.
func sell(id string) func(ledger.Steps) error {
	return func(s ledger.Steps) error {
		return errors.Join(
			change(ledger.Key{Kind: saleKind, ID: id}, "sale "+id+strings.Repeat(".", 100))(s),
			change(ledger.Key{Kind: twinKind, ID: id}, "twin "+id)(s),
			s.Add(saleCount, "", ledger.Delta{Field: "n", N: 1}),
		)
	}
}

// inChild is the writer: it sells until it is killed, and says what it has sold, once that is
// durable.
func inChild(*testing.M) {
	path := os.Getenv(childEnv)
	if path == "" {
		return
	}
	store, err := filestore.Open(filestore.Config{Path: path})
	if err != nil {
		panic(err)
	}
	run := time.Now().UnixNano()
	var out sync.Mutex
	for i := range 8 {
		go func() {
			for j := 0; ; j++ {
				id := fmt.Sprintf("%x-%d-%d", run, i, j)
				if err := store.Do(context.Background(), sell(id)); err != nil {
					panic(err)
				}
				out.Lock()
				fmt.Println(id)
				out.Unlock()
			}
		}()
	}
	select {}
}

// A process is killed while it writes, at any moment. All that it had been told to be stored is
// there, and of nothing there is a half.
func TestKill(t *testing.T) {
	path := fresh(t)
	sold := map[string]bool{}
	for range 12 {
		until := 1 + rand.IntN(200)
		maps.Copy(sold, sellUntilKilled(t, path, until))
		if sales := intact(t, path, sold); t.Failed() {
			t.Fatalf("of %d sales, %d were told; killed after %d", sales, len(sold), until)
		}
	}
}

// sellUntilKilled runs a writer, kills it when it has told so many sales, and returns all it told.
func sellUntilKilled(t *testing.T, path string, until int) map[string]bool {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	var failure strings.Builder
	child.Stderr = &failure
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	sold := map[string]bool{}
	killed := false
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil { // a line without an end was being told
			break
		}
		if len(sold) == 0 {
			refused(t, filestore.Config{Path: path}, filestore.ErrLocked)
		}
		sold[strings.TrimSpace(line)] = true
		if len(sold) >= until && !killed {
			killed = true
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); !killed {
		t.Fatalf("the writer ended by itself: %v\n%s", err, failure.String())
	}
	return sold
}

// intact opens a file and wants these sales to be there, and nothing that is half a sale. It
// returns how many there are.
func intact(t *testing.T, path string, sold map[string]bool) int {
	t.Helper()
	store, err := filestore.Open(filestore.Config{Path: path, MustExist: true})
	if err != nil {
		t.Errorf("it does not open: %v", err)
		return 0
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	found := map[ledger.Kind]map[string]bool{saleKind: {}, twinKind: {}}
	for kind, ids := range found {
		err := store.Scan(t.Context(), kind, func(id string, doc ledger.Doc) error {
			ids[id] = strings.Contains(string(doc.Value), id)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for id := range sold {
		if !found[saleKind][id] {
			t.Errorf("sale %s is lost", id)
		}
	}
	if !maps.Equal(found[saleKind], found[twinKind]) {
		t.Errorf("%d sales, %d twins", len(found[saleKind]), len(found[twinKind]))
	}
	rows, err := store.Rows(t.Context(), saleCount)
	if err != nil || rows[0]["n"] != int64(len(found[saleKind])) {
		t.Errorf("%d sales, counted %v, %v", len(found[saleKind]), rows, err)
	}
	return len(found[saleKind])
}
