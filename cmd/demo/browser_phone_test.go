package main

import (
	"strings"
	"testing"
)

// covered finds what the pill that leads to the panel lies on, with the page scrolled to its middle.
const covered = `(() => {
	scrollTo({ top: document.documentElement.scrollHeight / 2 - innerHeight / 2, behavior: "instant" });
	const pill = document.querySelector(".to-panel"), p = pill.getBoundingClientRect();
	return [...document.querySelectorAll("main *, .panel *, footer *, header *")].filter((e) => {
		const r = e.getBoundingClientRect(), leaf = !e.children.length || e.matches("a, button, p");
		return leaf && e.checkVisibility() && r.width && r.height && !pill.contains(e) &&
			r.left < p.right && p.left < r.right && r.top < p.bottom && p.top < r.bottom;
	}).map((e) => e.innerText || e.outerHTML);
})()`

// TestBrowserPillCoversNothingOnAPhone: the way to the panel stands beside what there is to read.
func TestBrowserPillCoversNothingOnAPhone(t *testing.T) {
	d := open(t, false)
	prepare(t, d)
	b := sit(t, d)
	b.phone()
	for _, address := range shopPages {
		b.open(address)
		if on := js[[]string](b, covered); len(on) > 0 {
			t.Errorf("%s: the pill covers %q", address, strings.Join(on, ", "))
		}
	}
	b.press("What just happened")
	b.until("the panel to be in view", `document.querySelector(".panel h2").getBoundingClientRect().top < innerHeight`)
}
