package linkgen

import "testing"

// A stand-in on a developer's machine may give http links to that machine. Nobody else may.
func TestPlainLinksAreForLoopbackOnly(t *testing.T) {
	for _, tt := range []struct {
		link    string
		plain   bool // the API itself is http on loopback
		allowed bool
	}{
		{"http://127.0.0.1:8081/pay/1", true, true},
		{"http://localhost:8081/pay/1", true, true},
		{"HTTP://LOCALHOST/pay/1", true, true},
		{"https://pay.example.com/1", true, true},
		{"http://pay.example.com/1", true, false},
		{"http://127.0.0.1.example.com/1", true, false},
		{"http://localhost.example.com/1", true, false},
		{"http://2130706433/1", true, false},
		{"http://user@localhost/1", true, false},
		{"http://", true, false},
		{"http://127.0.0.1:8081/pay/1", false, false},
		{"http://localhost:8081/pay/1", false, false},
	} {
		err := checkLink(tt.link, linkHosts{plain: tt.plain}, "shop.example.com")
		if (err == nil) != tt.allowed {
			t.Errorf("%q with plain %t: %v, want allowed %t", tt.link, tt.plain, err, tt.allowed)
		}
	}
}
