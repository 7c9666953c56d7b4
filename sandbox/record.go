package sandbox

import "strconv"

// record is one record of a read, by the names of the wire.
type record map[string]any

// amount is money in a record: a text, unless Doubts want the other types.
type amount string

// typed turns money into texts and leaves numbers, or the other way round with
// Doubts.OtherTypes.
func (r record) typed(d Doubts) record {
	for name, value := range r {
		switch v := value.(type) {
		case amount:
			r[name] = string(v)
			if d.OtherTypes {
				r[name] = number(string(v))
			}
		case int:
			if d.OtherTypes {
				r[name] = strconv.Itoa(v)
			}
		}
	}
	return r
}
