package zotlo

import "time"

// time returns the first of the named members that is a date: a text, or the object that PHP's
// DateTime becomes, with date, timezone_type and timezone. A date without a zone is UTC. What cannot
// be read is the zero time.
func (o looseObject) time(names ...string) time.Time {
	for _, name := range names {
		t := parseTime(o.text(name), "")
		if inner := o.object(name); inner != nil {
			t = parseTime(inner.text("date"), inner.text("timezone"))
		}
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// parseTime reads RFC 3339, or the form that Zotlo's samples have: date and time with a blank
// between them, in zone. PHP's fractions of a second are taken as well, as time.Parse does. The
// result is in UTC.
func parseTime(text, zone string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, location(zone))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// location reads the three kinds of zone that PHP writes: an offset, an abbreviation and a name. A
// zone that is not known is read as UTC, which is what Zotlo's samples have.
func location(zone string) *time.Location {
	if t, err := time.Parse("-07:00", zone); err == nil {
		return t.Location()
	}
	// Local would be this machine's zone, which says nothing about Zotlo's.
	if zone == "" || zone == "Local" {
		return time.UTC
	}
	if l, err := time.LoadLocation(zone); err == nil {
		return l
	}
	return time.UTC
}

// firstTime is the first of times that is known, or the zero time.
func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
