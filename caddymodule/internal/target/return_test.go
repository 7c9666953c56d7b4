package target

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestParseReturn(t *testing.T) {
	for text, good := range map[string]bool{
		"https://shop.example.com/checkout":     true,
		"https://shop.example.com":              true,
		"https://shop.example.com/c?plan=pro":   true,
		"http://localhost:8080/checkout":        true,
		"http://127.0.0.1/checkout":             true,
		"http://[::1]:8080/":                    true,
		"http://shop.example.com/checkout":      false,
		"http://localhost.example.com/checkout": false,
		"http://127.0.0.1.example.com/":         false,
		"/checkout":                             false,
		"//shop.example.com/checkout":           false,
		"shop.example.com/checkout":             false,
		"":                                      false,
		"javascript:alert(1)":                   false,
		"https://ann:pw@shop.example.com/":      false,
		"https://{host}/checkout":               false,
		"https://shop.example.com/?to={query}":  false,
		"https://shop.example.com/\n":           false,
		"https://shop.example.com\\@evil/":      false,
		"error":                                 false,
	} {
		if _, err := ParseReturn(text); (err == nil) != good {
			t.Errorf("%q: %v, want good %t", text, err, good)
		}
	}
}

func TestWhetherATargetIsOfTheSite(t *testing.T) {
	for _, tt := range []struct {
		target, request string
		own             bool
	}{
		{"https://shop.example.com/checkout", "https://shop.example.com/start", true},
		{"https://SHOP.example.com:443/checkout", "https://shop.example.com/start", true},
		{"https://shop.example.com/checkout", "http://shop.example.com:443/start", true},
		{"http://localhost:8080/checkout", "http://localhost:8080/start", true},
		{"http://localhost:8080/checkout", "http://127.0.0.1:8080/start", false},
		{"https://account.example.com/", "https://shop.example.com/start", false},
		{"/checkout", "https://shop.example.com/start", true},
	} {
		target, err := Parse(tt.target)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, tt.request, nil)
		if got := target.IsOf(r); got != tt.own {
			t.Errorf("%s at %s: %t, want %t", tt.target, tt.request, got, tt.own)
		}
	}
}
