package sandbox

import "fmt"

// DoorPath is what the paths of the door for scripts begin with, and of the
// pages that show what was sold. Zotlo has nothing there.
const DoorPath = "/_sandbox/"

// desk is everything that a command of the door can act on.
type desk struct {
	clock   *ticker
	books   *books
	mail    *mail
	oneLink *traffic
	reads   *traffic
}

// fail makes the calls of one part go wrong: all, those of a path, or the next
// few.
func (d *desk) fail(a args) (any, error) {
	fault, err := a.fault()
	if err != nil {
		return nil, err
	}
	part, ok := map[string]*traffic{"one-link": d.oneLink, "reads": d.reads}[a.Part]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: part must be one-link or reads", errArgs)
	case a.Path != "" && a.Times != 0:
		return nil, fmt.Errorf("%w: path and times exclude each other", errArgs)
	case a.Path != "":
		part.failPath(a.Path, fault)
	case a.Times != 0:
		part.FailNext(a.Times, fault)
	default:
		part.Fail(fault)
	}
	return done{}, nil
}
