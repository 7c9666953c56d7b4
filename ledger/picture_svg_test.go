package ledger_test

import (
	"fmt"
	"strings"
)

// picture is an SVG while it is drawn.
type picture struct {
	file string
	says string // for anyone who cannot see it; also the page's alternative text
	svg  *strings.Builder
}

type point struct{ x, y float64 }

// frame is a part of a picture in which days go to the right and values up.
type frame struct{ x, y, width, height, low, high float64 }

// at is where a value of a day is. Days count from 1.
func (f frame) at(day int, value float64) point {
	return point{
		f.x + f.width*float64(day-1)/float64(looks-1),
		f.y + f.height*(f.high-value)/(f.high-f.low),
	}
}

// signed writes a step of a scale that has a zero in its middle.
func signed(value float64) string {
	if value == 0 {
		return "0"
	}
	return fmt.Sprintf("%+g", value)
}

func newPicture(file string, height int, title, says string) picture {
	p := picture{file: file, says: says, svg: &strings.Builder{}}
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="%d" `+
		`viewBox="0 0 720 %[1]d" role="img" aria-labelledby="title desc" `+
		`font-family="system-ui, sans-serif" font-size="12">`, height)
	p.add(`<title id="title">%s</title>`, title)
	p.add(`<desc id="desc">%s</desc>`, says)
	return p
}

func (p *picture) end() picture {
	p.add(`</svg>`)
	return *p
}

func (p *picture) add(format string, args ...any) { fmt.Fprintf(p.svg, format+"\n", args...) }

// opacity is that of a line of the grid, or of the one that matters.
func opacity(strong bool) float64 {
	if strong {
		return 1
	}
	return 0.3
}

func (p *picture) line(from, to point, colour string, opacity float64) {
	p.add(`<path d="%s" stroke="%s" stroke-opacity="%g"/>`,
		steps('M', []point{from, to}), colour, opacity)
}

func (p *picture) path(way []point, colour, more string) {
	p.add(`<path d="%s" fill="none" stroke="%s"%s/>`, steps('M', way), colour, more)
}

// band fills what is between two ways, and draws both.
func (p *picture) band(low, high []point) {
	back := make([]point, 0, len(high))
	for i := range high {
		back = append(back, high[len(high)-1-i])
	}
	p.add(`<path d="%s%sZ" fill="%s" fill-opacity="0.15"/>`,
		steps('M', low), steps('L', back), accent)
	p.path(low, accent, "")
	p.path(high, accent, "")
}

func (p *picture) dot(at point, colour string) {
	p.add(`<circle cx="%.1f" cy="%.1f" r="4" fill="none" stroke="%s" stroke-width="2"/>`,
		at.x, at.y, colour)
}

func (p *picture) text(at point, anchor, colour, text string) {
	p.add(`<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`,
		at.x, at.y, anchor, colour, text)
}

// steps is a way in the language of paths, which begins with a command.
func steps(command rune, way []point) string {
	var d strings.Builder
	for _, at := range way {
		fmt.Fprintf(&d, "%c%.1f %.1f", command, at.x, at.y)
		command = 'L'
	}
	return d.String()
}
