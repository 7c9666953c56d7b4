package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// explanation is what the module's admin API says of a click that nobody made: POST
// /checkout/explain.
type explanation struct {
	Outcome    string
	Error      string
	Campaign   string
	Experiment string
	Variant    string
	Reason     string
	Bucket     *int
	Rules      []struct{ Campaign, Result, Detail string }
	Dropped    []string
	Subscriber struct {
		Hash, Kind string
		Claims     []string
	}
	Language   string
	APIRequest json.RawMessage `json:"api_request"`
}

// APICall is the request that the module would send, indented. Its secrets are hidden by the
// module.
func (e *explanation) APICall() string {
	var b bytes.Buffer
	if json.Indent(&b, e.APIRequest, "", "  ") != nil {
		return ""
	}
	return b.String()
}

// why asks the module what it would do now, for this visitor, at the address of something that
// happened.
func (s *shop) why(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	it, ok := s.history.byID(id)
	names := s.lines.campaignsOf(it.Path)
	if !ok || len(names) == 0 {
		s.notFound(w, r)
		return
	}
	e, err := s.explain(r, it, names)
	if err != nil {
		http.Error(w, "the admin API does not answer", http.StatusBadGateway)
		return
	}
	v := s.view(r, "why", "Why?")
	v.Why, v.WhyPath = e, it.Path
	render(w, http.StatusOK, v)
}

func (s *shop) explain(r *http.Request, it happening, campaigns []string) (*explanation, error) {
	question := map[string]any{
		"campaigns": campaigns,
		"request": map[string]any{
			"method": it.Method, "uri": it.Path,
			"headers": map[string]string{"Accept-Language": r.Header.Get("Accept-Language")},
		},
	}
	if v := s.visitor(r); v.SignedIn {
		question["claims"] = payload(v.token)
	}
	e := new(explanation)
	return e, s.demo.askAdmin(r.Context(), "/checkout/explain", question, e)
}

// payload is the middle part of a token that was verified before.
func payload(token string) json.RawMessage {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return claims
}
