package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/caddy-checkout/checkout/sandbox"
)

// nginxFiles are the handler that a site would write for nginx. They travel with the program, so
// that it runs from anywhere.
//
//go:embed nginx
var nginxFiles embed.FS

// nginxModule is how nginx's Lua is found to be missing. Debian puts it there.
const nginxModule = "/usr/lib/nginx/modules/ngx_http_lua_module.so"

// measureNginx compares the cached redirect with one that is written in Lua for nginx, and Caddy's
// redir with nginx's own.
func measureNginx(ctx context.Context, l *lab) ([]table, error) {
	if err := nginxMissing(); err != nil {
		return nil, err
	}
	p := peer{name: "nginx", start: startNginx}
	t, err := p.against(ctx, l,
		"Cached redirects per second of server CPU, by those of nginx with Lua",
		append(eachRequest, duty{"any, nginx remembers verified tokens too", "HS256", true}))
	if err != nil {
		return []table{t}, err
	}
	c, err := p.bare(ctx, l)
	if err != nil {
		return []table{t}, err
	}
	p.row(&t, duty{name: "none: Caddy's redir, nginx's return", remember: true}, c)
	l.keepPair("bare redirect", "Caddy beside "+p.name, p.name, c)
	t.note("nginx has as many workers as there are CPUs; the CPU of all is counted.")
	return []table{t}, nil
}

// nginxMissing says what has to be installed.
func nginxMissing() error {
	_, err := exec.LookPath("nginx")
	if err == nil {
		_, err = os.Stat(nginxModule)
	}
	if err == nil {
		_, err = os.Stat("/usr/share/lua/5.1/resty/lrucache.lua")
	}
	if err != nil {
		return errors.New("nginx with Lua is not installed: run `apt-get install nginx " +
			"libnginx-mod-http-lua lua-cjson` first")
	}
	return nil
}

// startNginx writes the handler into a directory of its own and runs it. What is measured later are
// the master, which has no work, and its workers.
func startNginx(ctx context.Context, l *lab, alg, link string, remember bool) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.dir, "")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, nginxFiles); err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "nginx")
	file := filepath.Join(dir, "nginx.conf")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	filled := strings.NewReplacer(
		"@DIR@", dir, "@SOURCE@", dir, "@PORT@", port, "@API@", l.zotlo.url, "@LINK@", link,
		"@USER@", me.Username, "@ACCESS_KEY@", sandbox.DefaultAccessKey,
		"@ACCESS_SECRET@", sandbox.DefaultAccessSecret,
	).Replace(string(text))
	if err := os.WriteFile(file, []byte(filled), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "nginx", "-c", file, "-p", "/usr/share/nginx", "-e", "stderr")
	cmd.Env = l.peerEnv(port, alg, remember)
	s, err := start(cmd, port, dir)
	if err != nil {
		return nil, fmt.Errorf("nginx: %w", err)
	}
	return s, nil
}
