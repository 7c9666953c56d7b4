package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots takes the pictures of the README. They are kept where KINGFISHER_SCREENSHOTS
// says, such as docs/img.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("KINGFISHER_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	d := open(t, false)
	b := sit(t, d)
	b.signIn("Ada Lindqvist")
	b.do(chromedp.EmulateViewport(1360, 900))
	b.press("Get Plus")
	b.arrivesAtCheckout()
	b.open("/")
	b.press("Get Plus")
	b.arrivesAtCheckout()
	b.open("/")
	b.sees("from the cache")
	b.picture(filepath.Join(dir, "shop-light.png"))

	b.scheme("dark")
	b.phone()
	b.open("/")
	b.sees("from the cache")
	b.picture(filepath.Join(dir, "shop-dark-phone.png"))
}

func (b *tab) picture(file string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(file, png, 0o644) //nolint:gosec // a picture for everybody
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
