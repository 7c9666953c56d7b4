package partners

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// This file takes changes of a table's file in while the site runs. It looks instead of being told:
// that works on every file system, also where a deployment replaces a folder or a link.

// lookEvery is the time between two looks at the file. A new one is taken at the second look that
// finds it the same, so an editor's half-written file is not.
const lookEvery = 10 * time.Second

// File is a table in a file, shared by all configurations of this process that name it. It is safe
// for concurrent use.
type File struct {
	path  string
	table atomic.Pointer[Table]

	mu      sync.Mutex
	log     *zap.Logger
	needed  []string // columns that the running configuration reads
	taken   fs.FileInfo
	seen    fs.FileInfo // at the last look
	refused fs.FileInfo // what was found bad
	gone    bool        // it was told that the file is not there
	stop    chan struct{}
	done    chan struct{}
}

// files outlive configurations.
var files = caddy.NewUsagePool()

// Open reads the table in a file, or takes the one that another configuration has read if the file
// has not changed since. The error of a bad table names its line. Close gives it back.
func Open(path string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	v, shared, err := files.LoadOrNew(path, func() (caddy.Destructor, error) {
		f := &File{path: path, log: zap.NewNop()}
		return f, f.Refresh()
	})
	if err != nil {
		return nil, err
	}
	f := v.(*File)
	if shared {
		if err := f.Refresh(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// Close gives the file back. Whoever still holds its table may go on using it.
func (f *File) Close() error {
	_, err := files.Delete(f.path)
	return err
}

// Destruct ends the looks, once no configuration has the file any more.
func (f *File) Destruct() error {
	f.mu.Lock()
	stop, done := f.stop, f.done
	f.stop = nil
	f.mu.Unlock()
	if stop != nil {
		close(stop)
		<-done
	}
	return nil
}

// Table is the newest good table. It is nil for a nil File.
func (f *File) Table() *Table {
	if f == nil {
		return nil
	}
	return f.table.Load()
}

// Watch begins to look at the file, for the configuration that runs from now on: its log is told,
// and a table without one of the columns that it reads is not taken.
func (f *File) Watch(log *zap.Logger, columns []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log, f.needed = log.With(zap.String("file", f.path)), columns
	if f.stop != nil {
		return
	}
	f.stop, f.done = make(chan struct{}), make(chan struct{})
	go f.watch(f.stop, f.done)
}

func (f *File) watch(stop, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			f.look()
		}
	}
}

// Refresh takes the file as it is now, if it has changed: a load says that it is whole. The error
// is that of a bad one, and then the old table stays.
func (f *File) Refresh() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil || same(info, f.taken) {
		return err
	}
	return f.take(info)
}

// look is one look at the file.
func (f *File) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		if f.seen = nil; !f.gone {
			f.log.Error("the table of partners is not there, the last one stays", zap.Error(err))
		}
		f.gone = true
		return
	}
	before := f.seen
	f.seen, f.gone = info, false
	switch {
	case same(info, f.taken), same(info, f.refused), !same(info, before):
		return
	}
	switch err := f.take(info); {
	case errors.Is(err, errChanging): // the next look sees another file
		return
	case err != nil:
		f.refused = info
		f.log.Error("the table of partners is bad, the last one stays", zap.Error(err))
		return
	}
	f.log.Info("the table of partners was read", zap.Int("partners", f.table.Load().Len()))
}

// errChanging means that somebody writes at this moment.
var errChanging = errors.New("it changed while it was read")

// take reads the file, which looked like info.
func (f *File) take(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("it is no file")
	}
	table, err := read(f.path)
	if err != nil {
		return err
	}
	for _, column := range f.needed {
		if !table.Has(column) {
			return fmt.Errorf("line 1: there is no column %s, which a campaign reads", column)
		}
	}
	now, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if !same(now, info) {
		return errChanging
	}
	f.table.Store(table)
	f.taken, f.seen, f.refused = info, info, nil
	return nil
}

func read(path string) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file)
}

// same reports whether a file looks as it did: the same one, of the same length and time.
func same(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) &&
		a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// Missing are those of columns that the table does not have.
func (t *Table) Missing(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), t.Has)
}
