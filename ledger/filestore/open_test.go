package filestore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

var ada = ledger.Key{Kind: 1, ID: "ada"}

// put writes a document; an empty value deletes it.
func put(t testing.TB, store *filestore.Store, key ledger.Key, value string) {
	t.Helper()
	if err := store.Do(t.Context(), change(key, value)); err != nil {
		t.Fatal(err)
	}
}

func change(key ledger.Key, value string) func(ledger.Steps) error {
	return func(s ledger.Steps) error {
		return s.Change(key, func(old ledger.Doc) (ledger.Doc, error) {
			return ledger.Doc{Value: []byte(value), Until: old.Until}, nil
		})
	}
}

// has wants a document to have this value; an empty one is a document that is not there.
func has(t testing.TB, store *filestore.Store, key ledger.Key, want string) {
	t.Helper()
	docs, err := store.Read(t.Context(), key)
	if err != nil || string(docs[0].Value) != want {
		t.Fatalf("read %q, %v, want %q", docs, err, want)
	}
}

// closed closes a store that must close.
func closed(t testing.TB, store *filestore.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// refused wants a file not to open, for this cause, and the error to name all of these.
func refused(t testing.TB, cfg filestore.Config, cause error, names ...string) {
	t.Helper()
	store, err := filestore.Open(cfg)
	if err == nil {
		closed(t, store)
	}
	if !errors.Is(err, cause) {
		t.Fatalf("open: %v, want: %v", err, cause)
	}
	for _, name := range append(names, cfg.Path) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %q", err, name)
		}
	}
}

// What is open is there after a restart, and the file and its folder are the owner's alone.
func TestOpenAgain(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "caddy", "checkout")
	path := filepath.Join(folder, "ledger.db")
	store := opened(t, filestore.Config{Path: path})
	put(t, store, ada, "value")
	closed(t, store)
	store = opened(t, filestore.Config{Path: path, MustExist: true})
	has(t, store, ada, "value")
	if store.Path() != path {
		t.Errorf("path %q", store.Path())
	}

	for name, want := range map[string]fs.FileMode{
		path: 0o600, folder: 0o700, filepath.Dir(folder): 0o700,
	} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if all, err := os.ReadDir(folder); err != nil || len(all) != 1 {
		t.Errorf("beside the ledger: %v, %v", all, err)
	}
}

// A file that others may read is made the owner's alone.
func TestOpenNarrows(t *testing.T) {
	path := fresh(t)
	closed(t, opened(t, filestore.Config{Path: path}))
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	opened(t, filestore.Config{Path: path})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

// Two Stores never have one file, whatever they call it. A Store that is closed lets go of it.
func TestOpenLocked(t *testing.T) {
	path := fresh(t)
	store := opened(t, filestore.Config{Path: path})
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	refused(t, filestore.Config{Path: path}, filestore.ErrLocked, "two Caddys of one user need two")
	refused(t, filestore.Config{Path: link}, filestore.ErrLocked)
	put(t, store, ada, "still writes")
	closed(t, store)
	has(t, opened(t, filestore.Config{Path: link}), ada, "still writes")
}

// The same file is recognized under every spelling, and another one is not.
func TestIdentify(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "ledger.db")
	if _, err := filestore.Identify(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("not there: %v", err)
	}
	closed(t, opened(t, filestore.Config{Path: path}))
	closed(t, opened(t, filestore.Config{Path: path + "2"}))
	if err := errors.Join(os.Symlink(path, path+".link"), os.Link(path, path+".hard")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	want, err := filestore.Identify(path)
	if err != nil {
		t.Fatal(err)
	}
	for spelling, same := range map[string]bool{
		"ledger.db": true, "./ledger.db": true, path + ".link": true, path + ".hard": true,
		path + "2": false,
	} {
		if got, err := filestore.Identify(spelling); err != nil || (got == want) != same {
			t.Errorf("%s: %v, %v, want the same: %v", spelling, got, err, same)
		}
	}
}

// What is there and cannot be used stays as it is, byte for byte, and says what is wrong with it.
func TestOpenRefuses(t *testing.T) {
	good := fresh(t)
	store := opened(t, filestore.Config{Path: good})
	for i := range uint64(500) {
		put(t, store, ledger.Key{Kind: 1, ID: hash(i, 16)}, "a value")
	}
	closed(t, store)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	zeros := string(make([]byte, 4096))
	for name, test := range map[string]struct {
		content string
		says    string
	}{
		"nothing in it":    {"", "it is empty"},
		"something else":   {"{\"admin\": {}}", "not a ledger's"},
		"zeros":            {zeros + zeros + zeros, "not a ledger's"},
		"the end is gone":  {string(whole[:1<<14]), "its end is missing"},
		"one meta is left": {zeros + string(whole[4096:8192]), "its end is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			path := fresh(t)
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, filestore.Config{Path: path}, filestore.ErrDamaged, test.says)
			if now, err := os.ReadFile(path); err != nil || string(now) != test.content {
				t.Errorf("the file was changed: %d bytes, %v", len(now), err)
			}
		})
	}
}

// A database of another program is not taken, and a folder is no file.
func TestOpenForeign(t *testing.T) {
	path := fresh(t)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	refused(t, filestore.Config{Path: path}, filestore.ErrForeign, "another program")
	refused(t, filestore.Config{Path: filepath.Dir(path)}, filestore.ErrForeign)
	refused(t, filestore.Config{Path: filepath.Join(path, "ledger.db")}, filestore.ErrForeign)
}

// A file that was there before and is not there now is missed, not replaced by an empty one.
func TestOpenGone(t *testing.T) {
	path := fresh(t)
	refused(t, filestore.Config{Path: path, MustExist: true}, filestore.ErrGone)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("it was created: %v", err)
	}
	// A link to nothing is no place for a file either: what is behind it may be a disk to come.
	if err := os.Symlink(path, path+".link"); err != nil {
		t.Fatal(err)
	}
	refused(t, filestore.Config{Path: path + ".link"}, filestore.ErrGone)
}

// What a killed process left beside the file is removed, and nothing else.
func TestOpenRemovesLeftovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger [1]*.db")
	names := map[string]bool{
		path + ".new-123": false, path + ".backup-9": false,
		path + ".format1-20260101": true, path + ".backup": true,
		filepath.Dir(path) + "/ledger 1.db.new-1": true,
	}
	for name := range names {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opened(t, filestore.Config{Path: path})
	for name, stays := range names {
		if _, err := os.Stat(name); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", name, err, stays)
		}
	}
}
