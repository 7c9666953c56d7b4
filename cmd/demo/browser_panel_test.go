package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// However much has happened, the panel adds nothing to the length of a page on a desk, and little
// on a phone.
func TestBrowserPanelIsBounded(t *testing.T) {
	d := open(t, false)
	const happened = 3 * keepHappenings
	for i := range happened {
		d.shop.history.add(happening{Kind: kindLog, Text: fmt.Sprintf("trouble number %d", i+1)})
	}
	b := sit(t, d)
	b.open("/later")
	b.sees(fmt.Sprintf("trouble number %d", happened),
		fmt.Sprintf("And %d older.", happened-showHappenings))
	if n := js[int](b, `document.querySelectorAll(".entry").length`); n != showHappenings {
		t.Errorf("the panel shows %d entries", n)
	}
	const height = 600
	b.do(chromedp.EmulateViewport(1280, height))
	// The page has a top and a foot besides.
	if page := js[int](b, "document.documentElement.scrollHeight"); page > height+200 {
		t.Errorf("the page is %d high", page)
	}
	// What lies below is within reach: of the wheel, and of the keyboard.
	b.until("the oldest entry to come into view", `(() => {
		const last = document.querySelector(".entry:last-of-type");
		last.scrollIntoView();
		return last.getBoundingClientRect().top < innerHeight;
	})()`)
}

// News do not move what the reader is looking at to the top again.
func TestBrowserPanelKeepsItsPlace(t *testing.T) {
	d := open(t, false)
	prepare(t, d)
	b := sit(t, d)
	b.do(chromedp.EmulateViewport(1280, 600))
	b.open("/later")
	b.until("a panel that scrolls", `(() => {
		const news = document.querySelector(".news");
		news.scrollTop = 200;
		return news.scrollTop == 200;
	})()`)
	d.shop.history.add(happening{Kind: kindLog, Text: "something new"})
	b.sees("something new")
	if top := js[float64](b, `document.querySelector(".news").scrollTop`); top < 200 {
		t.Errorf("the panel has jumped to %v", top)
	}
}
