package auth_test

import (
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

const (
	aUUID  = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
	nobody = "nobody"
)

func TestParseSubscriber(t *testing.T) {
	for _, test := range []struct {
		kind      auth.Kind
		good, bad []string
	}{
		{auth.Email, []string{
			"a@b", "ada@example.com", "Ada.Lovelace+shop@Example.COM", "a@x.y.z",
			"o_brien-1@my-host.example", "a..b@docomo.example",
			"!#$%*+-/=?^_{|}~@example.com", strings.Repeat("a", 242) + "@example.com", "1@2",
			"a@xn--mnchen-3ya.example",
		}, []string{
			"", "@", "a@", "@b", "ada", "a@b@c", "a@@b", "a b@example.com", " a@example.com",
			"a@example.com ", "a@example.com\n",
			"a\t@example.com", `"a"@example.com`, "a'b@example.com", "a`b@example.com",
			"a&b@example.com", "<a@example.com>",
			"Ada <a@example.com>", "a@example.com,b@example.com", "a,b@example.com",
			"a;b@example.com", "a(b)@example.com",
			`a\b@example.com`, "a@[127.0.0.1]", "a@example.com.", "a@.example.com",
			"a@example..com", "a@exa mple.com",
			"a@example.com/path", "a@exam&ple.com", "a@exa<b>mple.com", "ada@münchen.example",
			"аda@example.com", "a@example.com\x00",
			"a\u202e@example.com", "a@\uff45xample.com", "a\x7f@example.com",
			strings.Repeat("a", 243) + "@example.com",
			strings.Repeat("a", 5000) + "@example.com", "a%00@exa%6dple.com", "a@b?c", "a@b#c",
			"a@b:25", "mailto:a@b",
		}},
		{auth.Phone, []string{
			"1234567", "+1234567", "905551112233", "+905551112233", "123456789012345",
		}, []string{
			"", "+", "123456", "+123456", "1234567890123456", "0123456789", "+0123456789",
			"00905551112233", "++905551112233",
			"905551112233+", "+90 555 111 22 33", "+90-555-1112233", "(90)5551112233",
			"tel:+905551112233", "9055511122a3",
			"-905551112233", "9.05551e11", "٩٠٥٥٥١١١٢٢٣٣", "９０５５５１１１２２３３", "905551112233\n",
			" 905551112233", "905551112233;ext=1",
		}},
		{auth.UUID, []string{
			aUUID, strings.ToUpper(aUUID), "00000000-0000-0000-0000-000000000000",
			"f47ac10b-58cc-4372-a567-0e02b2c3d479",
		}, []string{
			"", "7d444840-9dc0-11d1-b245-5ffdce74fad", aUUID + "0", "{" + aUUID + "}",
			"urn:uuid:" + aUUID,
			"7d4448409dc011d1b2455ffdce74fad2", "7d444840-9dc0-11d1-b2455-ffdce74fad2",
			"gd444840-9dc0-11d1-b245-5ffdce74fad2",
			"7d444840_9dc0_11d1_b245_5ffdce74fad2", aUUID[:35] + "\n", " " + aUUID[:35],
			aUUID[:35] + "\x12",
		}},
		{
			"", []string{"ada@example.com", aUUID},
			[]string{"", "905551112233", "+905551112233", "12345678", "ada", "auth0|123"},
		},
		{"user", nil, []string{"ada@example.com", "905551112233", aUUID}},
	} {
		for _, text := range test.good {
			s, err := auth.ParseSubscriber(test.kind, text)
			if err != nil {
				t.Errorf("%s %q: %v", test.kind, text, err)
				continue
			}
			again, err := auth.ParseSubscriber(s.Kind, s.ID)
			if err != nil || again != s || !s.Known() {
				t.Errorf("%s %q is not its own canonical form", test.kind, text)
			}
		}
		for _, text := range test.bad {
			s, err := auth.ParseSubscriber(test.kind, text)
			if err == nil || s.Known() {
				t.Errorf("%s %q was taken", test.kind, text)
				continue
			}
			if len(text) > 6 && strings.Contains(err.Error(), text) {
				t.Errorf("the error quotes %q", text)
			}
		}
	}
}
