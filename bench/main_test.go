package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChosenPartsKeepTheirOrder(t *testing.T) {
	todo, err := choose("start, redirect,node")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range todo {
		names = append(names, p.name)
	}
	if diff := cmp.Diff([]string{"redirect", "node", "start"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := choose("redirect,memroy"); err == nil ||
		!strings.Contains(err.Error(), `"memroy"`) {
		t.Errorf("error %v, want one that names memroy", err)
	}
}
