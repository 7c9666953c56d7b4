package scripts_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/caddy-checkout/checkout/internal/testneed"
)

// browser is one headless Chromium for all tests; each test gets a profile of its own in it.
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
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-component-extensions-with-background-pages", true),
		chromedp.Flag("disable-features",
			"Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	browser.close = func() {
		gently, done := context.WithTimeout(ctx, 10*time.Second)
		_ = chromedp.Cancel(gently) // waits until Chromium has written its last file
		done()
		cancel()
		stop()
		_ = os.RemoveAll(dir)
	}
	browser.ctx, browser.err = ctx, chromedp.Do(ctx)
}

// tab is a page in a browser, and somebody in front of it.
type tab struct {
	t   testing.TB
	ctx context.Context
}

// enough is a test's patience: how long something may take on a busy machine before it counts as
// never.
const enough = time.Minute

// sit opens a tab in a fresh profile, which blocks the cookies of other sites, as private windows do.
func sit(t testing.TB) *tab {
	t.Helper()
	program := testneed.Chromium(t)
	browser.once.Do(func() { startBrowser(program) })
	if browser.err != nil {
		t.Fatalf("starting Chromium: %v", browser.err)
	}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	// The first call makes the tab, which lives as long as that call's context: so it has no
	// timeout.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	return &tab{t, ctx}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, enough)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v\nit shows %s", err, b.state())
	}
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// press clicks, with a mouse, on the first visible button or link whose name begins so.
func (b *tab) press(name string) {
	b.t.Helper()
	called := fmt.Sprintf(`[...document.querySelectorAll("a, button")].find((e) =>
		e.innerText.trim().startsWith(%q))`, name)
	b.until("a button "+name, fmt.Sprintf("document.readyState == 'complete' && !!(%s)", called))
	b.do(chromedp.Click(chromedp.JSPath(called), chromedp.NodeVisible))
}

// types writes into the one text field of the page.
func (b *tab) types(text string) {
	b.t.Helper()
	b.until("a text field", `!!document.querySelector("input:enabled")`)
	b.do(chromedp.SendKeys(chromedp.JSPath(`document.querySelector("input")`), text))
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
func (b *tab) sees(text string) {
	b.t.Helper()
	b.until("the text "+text,
		fmt.Sprintf("document.readyState != 'loading' && document.body.innerText.includes(%q)", text))
}

// arrives waits until the browser is at an address that begins so.
func (b *tab) arrives(address string) {
	b.t.Helper()
	b.until("the address "+address,
		fmt.Sprintf("document.readyState == 'complete' && location.href.startsWith(%q)", address))
}

func (b *tab) state() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`location.href + "\n" + (document.body ? document.body.innerText : "")`))
	if err != nil {
		return err.Error()
	}
	return text
}

// signIn gives the browser the site's cookie, as a sign-in page would.
func (b *tab) signIn(address, token string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{
		Name: "session", Value: token, URL: address, Path: "/", HTTPOnly: new(true),
		Secure: new(true), SameSite: network.CookieSameSiteNone,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
