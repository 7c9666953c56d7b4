package main

import (
	"fmt"
	"net/http"
	"testing"
)

func TestModuleSaysWhy(t *testing.T) {
	d := open(t, false)
	jonas := arrive(t, d)
	jonas.signIn("jonas")
	jonas.hit("/checkout/forever")
	it := outcome(t, d, "link")
	why := jonas.get(fmt.Sprintf("/why/%d", it.ID))
	says(t, why, "forever-thanks", "chosen", "jonas@kingfisher.example", "49.00", "(hidden)")
	guest := arrive(t, d).get(fmt.Sprintf("/why/%d", it.ID))
	says(t, guest, "an anonymous visitor", "refuses")
	saysNot(t, guest, "jonas@kingfisher.example")
	apiCalls(t, d, 1)
	if p := jonas.get("/why/9999"); p.StatusCode != http.StatusNotFound {
		t.Errorf("answered %d, want 404", p.StatusCode)
	}
}
