package main

import "testing"

// Every outcome that the module knows has words of the panel's own.
func TestEveryOutcomeHasWords(t *testing.T) {
	for outcome, words := range outcomeSaid {
		if words.headline == "" || words.tone != "good" && words.tone != "calm" &&
			words.tone != "bad" {
			t.Errorf("%s: %+v", outcome, words)
		}
	}
	if words := saidOf("something new", ""); words.headline == "" {
		t.Error("an unknown outcome leaves the panel speechless")
	}
}
