package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profileSeconds is how long a CPU profile is taken.
const profileSeconds = 25

// takeProfiles writes two CPU profiles of the server, one under each client's requests, and one of
// its live heap, which the collector marks on behalf of both. The clients run one after the other.
func (l *lab) takeProfiles(
	ctx context.Context, site *server, name string, ours, other *client,
) error {
	for _, side := range []struct {
		name   string
		client *client
	}{{"ours", ours}, {"other", other}} {
		text, err := takeProfile(ctx, site, side.client)
		if err != nil {
			return fmt.Errorf("profile of %s: %w", name, err)
		}
		if err := l.writeProfile(name+"-"+side.name, text); err != nil {
			return err
		}
	}
	text, err := site.admin(ctx, http.MethodGet, "/debug/pprof/heap?gc=1", "", nil)
	if err != nil {
		return fmt.Errorf("heap profile of %s: %w", name, err)
	}
	return l.writeProfile(name+"-heap", text)
}

func (l *lab) writeProfile(name string, text []byte) error {
	if err := os.MkdirAll(l.profile, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.profile, name+".pprof"), text, 0o644)
}

func takeProfile(ctx context.Context, site *server, c *client) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, (profileSeconds+30)*time.Second)
	defer cancel()
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := site.admin(ctx, http.MethodGet,
			fmt.Sprintf("/debug/pprof/profile?seconds=%d", profileSeconds), "", nil)
		done <- result{text, err}
	}()
	for {
		if _, err := c.run(1000); err != nil {
			return nil, err
		}
		select {
		case r := <-done:
			return r.text, r.err
		default:
		}
	}
}
