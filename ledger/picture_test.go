package ledger_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
)

var update = flag.Bool("update", false, "draw the pictures of docs/img anew")

const (
	picturePage   = "../docs/experiments.md"
	pictureFolder = "../docs/img"
	peopleADay    = 1200
)

// Both colours can be read on white and on black: a picture in a page does not know which it is on.
const (
	grey   = "#787878"
	accent = "#2f81f7"
)

// TestPictures holds the pictures of experiments against what is drawn now, and the page against
// what they say: their descriptions are the page's alternative texts. With -update it writes the
// pictures.
func TestPictures(t *testing.T) {
	for _, p := range []picture{drawDifference(t), drawAlike()} {
		wellFormed(t, p.svg.String())
		path := filepath.Join(pictureFolder, p.file)
		if *update {
			if err := os.WriteFile(path, []byte(p.svg.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if drawn, err := os.ReadFile(path); err != nil || string(drawn) != p.svg.String() {
			t.Errorf("%s is not what is drawn now (%v): go test ./ledger -run Pictures -update",
				path, err)
		}
		page, err := os.ReadFile(picturePage)
		if err != nil {
			t.Fatal(err)
		}
		if image := fmt.Sprintf("![%s](img/%s)\n", p.says, p.file); !strings.Contains(
			string(page), image) {
			t.Errorf("%s does not hold this picture:\n%s", picturePage, image)
		}
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for read := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := read.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// look is what an experiment shows on one day.
type look struct {
	ledger.Difference
	usual float64 // half of the usual interval, which holds at a single look
}

// inPoints is the look with buyers in a hundred people.
func (l look) inPoints() look {
	l.Estimate *= 100
	l.Low *= 100
	l.High *= 100
	l.usual *= 100
	return l
}

func (l look) called() bool { return l.Verdict == ledger.Better || l.Verdict == ledger.Worse }

// calledByZ reports whether the usual interval leaves zero. Before the gate it is not asked either.
func (l look) calledByZ() bool {
	return l.Verdict != ledger.TooEarly && math.Abs(l.Estimate) > l.usual
}

// watch plays an experiment of two variants, person by person, so that a seed draws the same
// picture everywhere: distributions of other packages may change, or round otherwise elsewhere.
func watch(seed uint64, rates [2]float64) (days [looks]look) {
	r := rand.New(rand.NewPCG(seed, 0))
	var people, buyers [2]int64
	for day := range days {
		for range peopleADay {
			v := r.IntN(2)
			people[v]++
			if r.Float64() < rates[v] {
				buyers[v]++
			}
		}
		a, b := ledger.BuyerTally(people[0], buyers[0]), ledger.BuyerTally(people[1], buyers[1])
		days[day] = look{ledger.Compare(a, b, 2), 1.96 * math.Sqrt(plain(a)+plain(b))}
	}
	return days
}

// firstDay is the first day, counted from 1, of which something is true; 0 if there is none.
func firstDay(days [looks]look, of func(look) bool) int {
	for i, d := range days {
		if of(d) {
			return i + 1
		}
	}
	return 0
}

// drawDifference draws one experiment whose variants differ, with its intervals.
func drawDifference(t *testing.T) picture {
	// Of the first forty seeds, half are called by day 12: this is an experiment of the middle.
	days := watch(9, [2]float64{0.05, 0.06})
	day := firstDay(days, look.called)
	if day == 0 || days[day-1].Verdict != ledger.Better {
		t.Fatalf("the variant that is better was called on day %d", day)
	}
	first := firstDay(days, func(l look) bool { return l.Verdict != ledger.TooEarly })
	p := newPicture("experiment-difference.svg", 320, "An experiment, looked at daily", fmt.Sprintf(
		"The estimate of one experiment over %d days. The interval around it narrows, "+
			"and leaves zero on day %d: the verdict is better.", looks, day))
	f := frame{x: 64, y: 28, width: 560, height: 246, low: -3, high: 5}

	for points := f.low; points <= f.high; points++ {
		y := f.at(1, points).y
		p.line(point{f.x, y}, point{f.x + f.width, y}, grey, opacity(points == 0))
		p.text(point{f.x - 8, y + 4}, "end", grey, signed(points))
	}
	for d := 10; d <= looks; d += 10 {
		p.text(point{f.at(d, 0).x, f.y + f.height + 18}, "middle", grey, fmt.Sprint("day ", d))
	}
	var low, high, usualLow, usualHigh, estimate []point
	for i := first; i <= looks; i++ {
		d := days[i-1].inPoints()
		low, high = append(low, f.at(i, d.Low)), append(high, f.at(i, d.High))
		usualLow = append(usualLow, f.at(i, d.Estimate-d.usual))
		usualHigh = append(usualHigh, f.at(i, d.Estimate+d.usual))
		estimate = append(estimate, f.at(i, d.Estimate))
	}
	p.band(low, high)
	p.path(usualLow, grey, ` stroke-dasharray="3 3"`)
	p.path(usualHigh, grey, ` stroke-dasharray="3 3"`)
	p.path(estimate, accent, ` stroke-width="2"`)

	at := f.at(day, days[day-1].inPoints().Low)
	p.line(point{at.x, f.y}, point{at.x, f.y + f.height}, accent, 0.8)
	p.dot(at, accent)
	p.text(point{at.x + 6, f.y + 12}, "start", accent, fmt.Sprintf("day %d: better", day))
	beside := f.x + f.width + 8
	p.text(point{beside, high[len(high)-1].y}, "start", accent, "interval")
	p.text(point{beside, estimate[len(estimate)-1].y + 4}, "start", accent, "estimate")
	p.text(point{beside, low[len(low)-1].y + 8}, "start", grey, "usual interval")
	p.text(point{f.x, f.y - 12}, "start", grey, fmt.Sprintf(
		"Buyers: 6 %% against the control's 5 %%. Difference in points, %s people a day.",
		thousands(peopleADay)))
	p.text(point{f.x, f.y + f.height + 36}, "start", grey, fmt.Sprintf(
		"No interval before day %d: too early. The usual one, dashed, holds for a single look.",
		first))
	return p.end()
}

// drawAlike draws twenty experiments whose variants are alike, in standard errors, so that each
// test has its limits.
func drawAlike() picture {
	const columns, rows = 5, 4
	var all [columns * rows][looks]look
	usual, ours := 0, 0
	for i := range all {
		all[i] = watch(uint64(i+1), [2]float64{0.05, 0.05})
		if firstDay(all[i], look.calledByZ) > 0 {
			usual++
		}
		if firstDay(all[i], look.called) > 0 {
			ours++
		}
	}
	p := newPicture("experiments-alike.svg", 360, "Twenty experiments whose variants are alike",
		fmt.Sprintf("Twenty experiments whose variants are alike, each over %d days. "+
			"A z-test at each look finds a difference in %d of them, Compare in %d.",
			looks, usual, ours))
	for i, days := range all {
		f := frame{
			x: 8 + float64(i%columns)*142, y: 34 + float64(i/columns)*76, width: 134, height: 66,
			low: -3.7, high: 3.7,
		}
		p.panel(f, days)
	}
	p.text(point{8, 18}, "start", grey, fmt.Sprintf(
		"Dashed: a z-test's limits. A ring is the first day it was wrong: %d of %d.",
		usual, len(all)))
	p.text(point{712, 18}, "end", accent, fmt.Sprintf("Outer limits: Compare, wrong in %d.", ours))
	p.text(point{8, 350}, "start", grey, fmt.Sprintf("Each line is the estimate in standard errors, "+
		"over %d days. 5 %% buy in both variants, %s people a day.",
		looks, thousands(peopleADay)))
	return p.end()
}

// panel draws one experiment's way between the limits.
func (p *picture) panel(f frame, days [looks]look) {
	var way, low, high []point
	for i, d := range days {
		if d.Verdict == ledger.TooEarly {
			continue
		}
		unit := d.usual / 1.96
		way = append(way, f.at(i+1, d.Estimate/unit))
		low = append(low, f.at(i+1, (d.Low-d.Estimate)/unit))
		high = append(high, f.at(i+1, (d.High-d.Estimate)/unit))
	}
	for _, limit := range []float64{-1.96, 1.96} {
		p.path([]point{f.at(1, limit), f.at(looks, limit)}, grey, ` stroke-dasharray="3 3"`)
	}
	p.line(f.at(1, 0), f.at(looks, 0), grey, opacity(false))
	p.path(low, accent, "")
	p.path(high, accent, "")
	p.path(way, grey, ` stroke-width="1.5"`)
	for _, mark := range []struct {
		day    int
		colour string
	}{{firstDay(days, look.calledByZ), grey}, {firstDay(days, look.called), accent}} {
		if mark.day > 0 {
			d := days[mark.day-1]
			p.dot(f.at(mark.day, d.Estimate/d.usual*1.96), mark.colour)
		}
	}
}
