package main

import "net/http"

// experimentView is what the module's admin API says of the demo's experiment: GET
// /checkout/experiments.
type experimentView struct {
	Key, Campaign, Metric string
	Runs                  []struct {
		People    int
		Unexposed int
		Verdict   string
		Variants  []variantView
	}
}

// variantView is one variant in its numbers.
type variantView struct {
	Name                 string
	People, Open, Buyers int
	Revenue              map[string]struct {
		Total     string
		PerPerson string `json:"per_person"`
	}
	Verdict string
}

// experiments shows what the demo's experiments have shown so far.
func (s *shop) experiments(w http.ResponseWriter, r *http.Request) {
	var answer struct{ Experiments []experimentView }
	if err := s.demo.askAdmin(r.Context(), "/checkout/experiments", nil, &answer); err != nil {
		http.Error(w, "the admin API does not answer", http.StatusBadGateway)
		return
	}
	v := s.view(r, "experiment", "The experiment")
	v.Experiments = answer.Experiments
	render(w, http.StatusOK, v)
}
