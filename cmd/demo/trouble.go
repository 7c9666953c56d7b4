package main

import (
	"net/http"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// trouble is a switch that makes the stand-in for Zotlo misbehave.
type trouble struct {
	ID    string
	Name  string
	About string
	fault sandbox.Fault
}

var troubles = []trouble{
	{ID: "", Name: "All is well", About: "Links come at once."},
	{
		ID: "slow", Name: "Slow",
		About: "Every answer takes two seconds. The second click is quick all the same: the link " +
			"is in the cache.",
		fault: sandbox.Latency(2 * time.Second),
	},
	{
		ID: "stuck", Name: "Stuck",
		About: "No answer within the four seconds that the module allows.",
		fault: sandbox.Latency(30 * time.Second),
	},
	{
		ID: "down", Name: "Down",
		About: "Every call fails with 500. After a few, the module stops asking for up to ten " +
			"seconds.",
		fault: sandbox.ServerError(),
	},
	{
		ID: "limited", Name: "Rate-limited",
		About: "Every call is answered 429: come back in 15 seconds. The module keeps away until " +
			"then.",
		fault: sandbox.RateLimited("15"),
	},
	{
		ID: "lying", Name: "Lying", About: "The API answers a link to somebody else's page.",
		fault: sandbox.WrongLink("https://checkout.example.org/pay/stolen"),
	},
	{
		ID: "broken", Name: "Cut off", About: "The connection dies in the middle of the answer.",
		fault: sandbox.CutOff(),
	},
}

func troubleByID(id string) (trouble, bool) {
	for _, t := range troubles {
		if t.ID == id {
			return t, true
		}
	}
	return trouble{}, false
}

func (s *shop) switchTrouble(w http.ResponseWriter, r *http.Request) {
	t, ok := troubleByID(r.PostFormValue("trouble"))
	if !ok {
		http.Error(w, "choose one of the switches on the page", http.StatusBadRequest)
		return
	}
	before := s.history.trouble()
	s.demo.sandbox.Heal()
	if t.ID != "" {
		s.demo.sandbox.Fail(t.fault)
	}
	s.history.setTrouble(t)
	if before.ID != "" {
		s.demo.renew()
	}
	http.Redirect(w, r, "/trouble", http.StatusSeeOther)
}
