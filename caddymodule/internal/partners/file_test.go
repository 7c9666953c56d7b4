package partners

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a file that somebody edits, and what the log says of it.
type desk struct {
	*testing.T
	path string
	log  *observer.ObservedLogs
	file *File
	n    int
}

// open writes a table and opens it.
func newDesk(t *testing.T, text string) *desk {
	t.Helper()
	d := &desk{T: t, path: filepath.Join(t.TempDir(), "partners.csv")}
	d.write(text)
	file, err := Open(d.path)
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	d.file, d.log = file, logs
	file.Watch(zap.New(core), nil)
	return d
}

// write replaces the file's text. Each time the file gets an instant of its own, which a fast disk
// might not give it.
func (d *desk) write(text string) {
	d.Helper()
	if err := os.WriteFile(d.path, []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	d.n++
	at := time.Unix(int64(1_700_000_000+d.n), 0)
	if err := os.Chtimes(d.path, at, at); err != nil {
		d.Fatal(err)
	}
}

// has wants the table to have this code alone.
func (d *desk) has(code string) {
	d.Helper()
	table := d.file.Table()
	if _, ok := table.Find(code); !ok || table.Len() != 1 {
		d.Errorf("the table has %d rows, and %s is not the one", table.Len(), code)
	}
}

// said wants the log to have said so many lines, the last of which contains text.
func (d *desk) said(lines int, text string) {
	d.Helper()
	all := d.log.All()
	if len(all) != lines {
		d.Fatalf("the log has %d lines, want %d: %v", len(all), lines, all)
	}
	if last := all[lines-1]; !strings.Contains(fmt.Sprint(last.Message, last.ContextMap()), text) {
		d.Errorf("the log says %s %v, want %q", last.Message, last.ContextMap(), text)
	}
}

// looks lets so many looks pass.
func looks(n int) {
	time.Sleep(time.Duration(n) * lookEvery)
	synctest.Wait()
}

func TestANewFileIsTakenAtTheSecondLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code\none\n")
		defer d.file.Close()
		time.Sleep(lookEvery / 2)
		d.write("code\ntwo\n")
		looks(1)
		d.has("one")
		looks(1)
		d.has("two")
		d.said(1, "the table of partners was read")
		looks(10)
		d.said(1, "was read")
	})
}

func TestAFileThatKeepsChangingIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code\none\n")
		defer d.file.Close()
		time.Sleep(lookEvery / 2)
		for i := range 10 {
			d.write(fmt.Sprintf("code\nnew%d\n", i))
			looks(1)
			d.has("one")
		}
		looks(1)
		d.has("new9")
	})
}

func TestABadFileIsToldOnceAndTheOldOneStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code\none\n")
		defer d.file.Close()
		time.Sleep(lookEvery / 2)
		d.write("code,share\ntwo,20\nthree,200\n")
		looks(5)
		d.has("one")
		d.said(1, `line 3: share: "200" is not a percentage`)
		d.write("code,sha") // half a save
		looks(1)
		d.write("code,share\ntwo,20\n")
		looks(2)
		d.has("two")
		d.said(2, "was read")
	})
}

func TestAFileThatVanishesIsToldOnceAndTheTableStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code\none\n")
		defer d.file.Close()
		time.Sleep(lookEvery / 2)
		if err := os.Remove(d.path); err != nil {
			t.Fatal(err)
		}
		looks(5)
		d.has("one")
		d.said(1, "the table of partners is not there, the last one stays")
		d.write("code\ntwo\n")
		looks(2)
		d.has("two")
		if err := os.Remove(d.path); err != nil {
			t.Fatal(err)
		}
		looks(2)
		d.said(3, "is not there")
	})
}

func TestAFolderInItsPlaceIsBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code\none\n")
		defer d.file.Close()
		if err := os.Remove(d.path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(d.path, 0o700); err != nil {
			t.Fatal(err)
		}
		looks(5)
		d.has("one")
		d.said(1, "it is no file")
	})
}

func TestAColumnThatACampaignReadsMustStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code,price\none,1.00\n")
		defer d.file.Close()
		d.file.Watch(d.file.log, []string{"price"})
		d.write("code,other\ntwo,1\n")
		looks(3)
		d.has("one")
		d.said(1, "line 1: there is no column price, which a campaign reads")
	})
}

// TestConfigurationsShareAFile: the newest says whose log is told, and the last one ends the looks.
func TestConfigurationsShareAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code\none\n")
		d.write("code\ntwo\n")
		again, err := Open(filepath.Join(filepath.Dir(d.path), ".", "partners.csv"))
		if err != nil || again != d.file {
			t.Fatalf("a second configuration has another file: %v", err)
		}
		d.has("two") // a load takes the file as it is
		if err := d.file.Close(); err != nil {
			t.Fatal(err)
		}
		d.write("code\nthree\n")
		looks(2)
		d.has("three")
		d.write("code,share\nx,1000\n")
		if _, err := Open(d.path); err == nil || !strings.HasPrefix(err.Error(), "line 2: share") {
			t.Errorf("a load with a bad table: %v", err)
		}
		d.has("three")
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		d.write("code\nfour\n")
		looks(5)
		d.has("three") // nobody looks any more
	})
}

func TestATableThatCannotBeReadOpensNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partners.csv")
	for range 2 {
		if _, err := Open(path); err == nil {
			t.Fatal("a file that is not there is open")
		}
	}
	if err := os.WriteFile(path, []byte("code\none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var none *File
	if none.Table() != nil {
		t.Error("no file has a table")
	}
}

// TestAnHourOfChangesLeavesNothingBehind writes another table every 10 seconds for an hour.
func TestAnHourOfChangesLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, string(large(1000)))
		before := heap()
		for i := range 360 {
			d.write(strings.Replace(string(large(1000)), "Partner", fmt.Sprint("Person", i), 1))
			looks(1 + i%3) // some are taken, some are not
		}
		if grown := int64(heap()) - int64(before); grown > 2<<20 {
			t.Errorf("an hour has left %d bytes behind", grown)
		}
		goroutines := runtime.NumGoroutine()
		if err := d.file.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine(); n != goroutines-1 {
			t.Errorf("%d goroutines with the file, %d without it", goroutines, n)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
