package ledger

import (
	"bytes"
	"slices"
)

// This file is the list of persons whom a document is about, by their ids.

// about reports whether a subscriber is among the subjects.
func about(subjects [][]byte, id []byte) bool {
	return slices.ContainsFunc(subjects, func(s []byte) bool { return bytes.Equal(s, id) })
}

// without are the subjects but one.
func without(subjects [][]byte, id []byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(subjects), func(s []byte) bool { return bytes.Equal(s, id) })
}

// with are the subjects and those of more, each of them once. The order stays, because a link's
// person is written as a place in it (compact.go).
func with(subjects, more [][]byte) [][]byte {
	for _, id := range more {
		if !about(subjects, id) {
			subjects = append(subjects, id)
		}
	}
	return subjects
}
