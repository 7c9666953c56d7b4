package shoptest

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// Reload is what operators type after editing their Caddyfile. It loads even what has not changed.
func (p *Process) Reload(caddyfile string) error {
	p.t.Helper()
	p.Write(caddyfile)
	_, err := p.Exec("reload", "--force", "--config", p.Caddyfile(), "--adapter", "caddyfile",
		"--address", "unix/"+p.adminSocket())
	return err
}

func (p *Process) adminSocket() string { return filepath.Join(p.Dir, "admin.sock") }

// MustReload loads a Caddyfile that must load.
func (s *Shop) MustReload(t *testing.T, caddyfile string) {
	t.Helper()
	if err := s.Reload(caddyfile); err != nil {
		t.Fatal(err)
	}
}

// Admin reads a path of the admin API.
func (s *Shop) Admin(t *testing.T, path string) string {
	t.Helper()
	got := Ask(t, s.adminClient(t), "http://localhost"+path)
	if got.StatusCode != http.StatusOK {
		t.Fatalf("admin %s: %s\n%s", path, got.Status, got.Text)
	}
	return got.Text
}

// Load posts a configuration to the admin API.
func (s *Shop) Load(t *testing.T, config string) {
	t.Helper()
	body := strings.NewReader(config)
	resp, err := s.adminClient(t).Post("http://localhost/load", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("load: %s %s", resp.Status, text)
	}
}

func (s *Shop) adminClient(t *testing.T) *http.Client {
	t.Helper()
	dial := DialTo("unix", s.adminSocket())
	return Browser(t, &http.Transport{DialContext: dial, DisableKeepAlives: true})
}

// OwnGoroutines counts the goroutines of the process that are inside this project's code.
func (s *Shop) OwnGoroutines(t *testing.T) (n int) {
	t.Helper()
	stacks := s.Admin(t, "/debug/pprof/goroutine?debug=1")
	for group := range strings.SplitSeq(stacks, "\n\n") {
		var count int
		_, err := fmt.Sscanf(group[strings.Index(group, "\n")+1:], "%d @", &count)
		if err != nil {
			_, _ = fmt.Sscanf(group, "%d @", &count)
		}
		if strings.Contains(group, ModulePath+"/") {
			n += count
		}
	}
	return n
}
