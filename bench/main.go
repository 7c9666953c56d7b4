// Command bench measures what the module costs, on the machine it runs on, and stops by itself.
//
//	go run ./bench                      every part but the soak, half an hour on two cores
//	go run ./bench -run redirect,offer  these only
//	go run ./bench -md                  tables as Markdown
//
// It builds cmd/caddy, starts it as a process of its own with a Caddyfile of its own, plays Zotlo
// beside it, and sends a fixed number of requests over a few keep-alive connections. What a request
// costs is the CPU time that the operating system charges to the server, not the time on the clock:
// other work on the machine changes it less. It still drifts, with the processor's clock and
// caches, so two servers or two routes are compared in many short turns that alternate, and the
// sums of all turns are divided. The range over the pairs says how much to believe.
//
// Everything listens on loopback. Linux only: the figures come from its per-process clocks and from
// /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	pairs    int           // interleaved pairs of turns
	requests int           // per turn
	conns    int           // keep-alive connections of a turn
	users    int           // signed-in users, each with a token of their own
	algs     string        // of their tokens in the redirect part
	runs     int           // repetitions of start-up and reload
	links    int           // cached links of the memory part, through the server
	crowd    int           // shoppers who click at once; the miss path takes up to 1,000 of them
	latency  time.Duration // of the API, on the miss path
	soak     time.Duration // of the soak
	rate     int           // clicks per second of the soak
	payments int           // before the soak
	cluster  bool          // the soak's links lie in a Redis Cluster that loses nodes
	against  string        // the other binary of the part that compares builds
	profile  string        // directory for CPU profiles
	results  string        // file that figures are added to
	mail     float64       // shoppers who come within an hour, in the scale part
	allows   float64       // calls a second that the provider allows there
	cores    int           // of a Caddy there
	markdown bool
}

// soakPart takes longer than all others together.
const soakPart = "soak"

// part is one thing to measure.
type part struct {
	name string
	does string
	run  func(context.Context, *lab) ([]table, error)
}

var parts = []part{
	{"redirect", "cached redirect against Caddy's own redir", measureRedirect},
	{"dynamic", "the same with matcher, experiment and placeholders", measureDynamic},
	{"offer", "a page with and without checkout_offer", measureOffer},
	{"events", "events that a backend tells, and a campaign that asks for them", measureEvents},
	{"many", "1,000 campaigns in the config, one on the route", measureMany},
	{"partners", "a table of 100,000, and 1,000 campaigns on one route", measurePartners},
	{"node", "the same redirect by Express, jose and lru-cache", measureNode},
	{"nginx", "the same redirect by nginx with Lua", measureNginx},
	{"embed", "the same redirect by net/http with auth and linkgen", measureEmbed},
	{"forged", "the refusal of forged and of huge tokens", measureForged},
	{"miss", "latency added to the API's own", measureMiss},
	{"warm", "the first click after a page that makes links in advance", measureWarm},
	{"cold", "10,000 shoppers who click at once", measureCold},
	{"fleet", "four nodes and one rate; needs redis-server", measureFleet},
	{"costs", "what clicks and people cost a Caddy and a Redis; needs redis-server", measureCosts},
	{"nodes", "one, two and four real nodes by the model; needs redis-server", measureNodes},
	{scalePart, "the model: how many Caddys, which Redis, what fails first", measureScale},
	{"webhooks", "payments that are on the disk before they are answered", measureWebhooks},
	{"memory", "memory of cached links", measureMemory},
	{"start", "start-up and reload", measureStart},
	{buildPart, "the cached redirect of two builds; only when named", measureBuild},
	{soakPart, "clicks, faults and reloads for a long time; only when named", measureSoak},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	var names []string
	for _, p := range parts {
		if p.name != soakPart && p.name != buildPart {
			names = append(names, p.name)
		}
	}
	chosen := flag.String("run", strings.Join(names, ","), "`parts` to run")
	flag.IntVar(&s.pairs, "pairs", 41, "interleaved pairs of turns")
	flag.IntVar(&s.requests, "n", 5000, "requests per turn")
	flag.IntVar(&s.conns, "c", 16, "keep-alive connections")
	flag.IntVar(&s.users, "users", 200, "signed-in users")
	flag.StringVar(&s.algs, "alg", "HS256,RS256,ES256", "`algorithms` of the redirect's tokens")
	flag.IntVar(&s.runs, "runs", 9, "repetitions of start-up and reload")
	flag.IntVar(&s.links, "links", 1_000_000, "cached links of the memory part")
	flag.IntVar(&s.crowd, "crowd", 10_000, "shoppers who click at once, without a link")
	flag.DurationVar(&s.latency, "latency", 200*time.Millisecond,
		"latency of the API on the miss path")
	flag.DurationVar(&s.soak, "soak", 30*time.Minute, "length of the soak")
	flag.IntVar(&s.rate, "rate", 500, "clicks per second of the soak")
	flag.IntVar(&s.payments, "payments", 100_000,
		"payments before the soak, to fill what is bounded")
	flag.BoolVar(&s.cluster, "cluster", false,
		"keep the soak's links in a Redis Cluster of 3+3, of which nodes are killed")
	flag.StringVar(&s.against, "against", "",
		"`binary` of the other build of the build part; this one, if empty")
	flag.StringVar(&s.profile, "profile", "",
		"write CPU and heap profiles of the server into this `directory`")
	flag.StringVar(&s.results, "results", "",
		"add the figures to this `file`, and let the model read it; else the committed ones")
	flag.Float64Var(&s.mail, "mail", 10e6, "shoppers who come within an hour, of the scale part")
	flag.Float64Var(&s.allows, "allows", 1000, "calls a second that the provider allows there")
	flag.IntVar(&s.cores, "cores", 2, "CPUs of each Caddy there")
	flag.BoolVar(&s.markdown, "md", false, "print tables as Markdown")
	limit := flag.Duration("timeout", time.Hour, "stop after this time")
	flag.Usage = usage
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	todo, err := choose(*chosen)
	if err != nil {
		return err
	}
	l, err := openLab(ctx, s)
	if err != nil {
		return err
	}
	defer l.close()
	l.machine = machine()
	fmt.Println(l.machine)
	var failures []error
	for _, p := range todo {
		l.command = command(p.name)
		tables, err := p.run(ctx, l)
		for _, t := range tables {
			t.print(os.Stdout, s.markdown)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	if l.results != "" {
		failures = append(failures, l.found.addTo(l.results))
	}
	return errors.Join(failures...)
}

func usage() {
	fmt.Fprintf(flag.CommandLine.Output(), "usage: go run ./bench [flags]\n\nparts:\n")
	for _, p := range parts {
		fmt.Fprintf(flag.CommandLine.Output(), "  %-10s %s\n", p.name, p.does)
	}
	fmt.Fprintf(flag.CommandLine.Output(), "\nflags:\n")
	flag.PrintDefaults()
}

// choose finds the named parts, in the order of parts.
func choose(list string) ([]part, error) {
	wanted := make(map[string]bool)
	for name := range strings.SplitSeq(list, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var todo []part
	for _, p := range parts {
		if wanted[p.name] {
			todo = append(todo, p)
			delete(wanted, p.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("no part is called %q; see -help", name)
	}
	return todo, nil
}

// machine says where and when the figures were taken.
func machine() string {
	return fmt.Sprintf("%s, %d CPUs, %s/%s, %s, load %s, %s", cpuModel(), runtime.NumCPU(),
		runtime.GOOS, runtime.GOARCH, runtime.Version(), loadAverage(),
		time.Now().UTC().Format("2006-01-02 15:04 MST"))
}
