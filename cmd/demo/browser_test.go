package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/caddy-checkout/checkout/internal/testneed"
)

// browser is one headless Chromium for all tests of this package; each test gets a profile of its
// own in it.
var browser struct {
	once  sync.Once
	ctx   context.Context
	err   error
	close func()
}

func closeBrowser() {
	if browser.close != nil {
		browser.close()
	}
}

func startBrowser(program string) {
	dir, err := os.MkdirTemp("", "kfchromium")
	if err != nil {
		browser.err = err
		return
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program),
		chromedp.UserDataDir(dir),
		// Chromium writes there, too.
		chromedp.Env("HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir),
		chromedp.NoSandbox, // it may run as root
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-component-extensions-with-background-pages", true),
		chromedp.Flag("disable-features",
			"Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider"),
		chromedp.Flag("ignore-certificate-errors", true), // of the demo's own certificates
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	browser.close = func() {
		gently, done := context.WithTimeout(ctx, 10*time.Second)
		_ = chromedp.Cancel(gently) // waits until Chromium has written its last file
		done()
		cancel()
		stop()
		_ = removeDir(dir)
	}
	browser.ctx, browser.err = ctx, chromedp.Do(ctx)
}

// tab is a page in a browser, and somebody in front of it.
type tab struct {
	t    testing.TB
	demo *demo
	ctx  context.Context
}

// enough is a test's patience: how long something may take on a busy machine before it counts as
// never.
const enough = time.Minute

// sit opens a tab in a fresh profile.
func sit(t testing.TB, d *demo) *tab {
	t.Helper()
	program := testneed.Chromium(t)
	browser.once.Do(func() { startBrowser(program) })
	if browser.err != nil {
		t.Fatalf("starting Chromium: %v", browser.err)
	}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return newTab(t, d, ctx)
}

func newTab(t testing.TB, d *demo, ctx context.Context) *tab {
	t.Helper()
	// The first call makes the tab, which lives as long as that call's context: so it has no
	// timeout.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	return &tab{t, d, ctx}
}

// another opens a second tab in the same profile.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	return newTab(b.t, b.demo, ctx)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, enough)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v\nit shows %s", err, b.state())
	}
}

// open goes to an address of the shop, or anywhere.
func (b *tab) open(address string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.demo.place.shop + address
	}
	b.do(chromedp.Navigate(address))
}

// press clicks, with a mouse, on the first visible button or link that is called so.
func (b *tab) press(name string) {
	b.t.Helper()
	b.until("a button "+name, fmt.Sprintf("!!(%s)", called(name)))
	b.do(chromedp.Click(chromedp.JSPath(called(name)), chromedp.NodeVisible))
}

// called finds the button or link of a name.
func called(name string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("a, button")].find((e) =>
		(e.getAttribute("aria-label") || e.innerText).trim().replace(/\s+/g, " ").endsWith(%q))`, name)
}

// js evaluates an expression in the page.
func js[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, enough)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("evaluating %s: %v", expression, err)
	}
	return v
}

// until waits for an expression to be true; a page on its way to the next one has no answers, so
// errors are tried again.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, enough)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s; the browser shows %s", what, b.state())
		case <-tick.C:
		}
	}
}

// sees waits for a text on the page.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.until("the text "+text,
			fmt.Sprintf("document.readyState != 'loading' && document.body.innerText.includes(%q)",
				text))
	}
}

// arrives waits until the browser is at an address that begins so.
func (b *tab) arrives(address string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.demo.place.shop + address
	}
	b.until("the address "+address,
		fmt.Sprintf("document.readyState == 'complete' && location.href.startsWith(%q)", address))
}

func (b *tab) arrivesAtCheckout() {
	b.t.Helper()
	b.arrives(b.demo.pay + "/pay/")
}

func (b *tab) state() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx,
		chromedp.Evaluate[string](`location.href + "\n" +
			(document.body ? document.body.innerText : "")`))
	if err != nil {
		return err.Error()
	}
	return text
}

func (b *tab) signIn(name string) {
	b.t.Helper()
	b.open("/sign-in")
	b.press(name)
	b.arrives("/")
	b.sees("Sign out")
}

func (b *tab) back() {
	b.t.Helper()
	b.do(chromedp.NavigateBack())
}

// scheme and phone change what the page believes it is seen on. Nothing moves then: colours must
// not be read on the way.
func (b *tab) scheme(lightOrDark string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: lightOrDark},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) phone() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile))
}
