package auth_test

import (
	"math/rand/v2"
	"strconv"
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
			"!#$%*+-/=?^_{|}~@example.com", "mary.o'brien@example.com", "'@b.example",
			"a''b'@b.example", strings.Repeat("a", 242) + "@example.com", "1@2",
			"a@xn--mnchen-3ya.example",
		}, []string{
			"", "@", "a@", "@b", "ada", "a@b@c", "a@@b", "a b@example.com", " a@example.com",
			"a@example.com ", "a@example.com\n",
			"a\t@example.com", `"a"@example.com`, "a`b@example.com",
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
			"00905551112233", "+90 555 111 22 33", "+90-555-1112233", "+90.555.111.22.33",
			"+1 (425) 555-1212", "+1(425)555-1212", "+1 425  555 - 1212", "+ 90 555 111 22 33",
			"tel:+905551112233", "TEL:+90-555-111-22-33", "tel:+1(201)555-0123",
			"0090 (555) 111-22-33", "+90 555 111 22 (33)", "+39 06 698 12345",
		}, []string{
			"", "+", "123456", "+123456", "1234567890123456", "0123456789", "+0123456789",
			"++905551112233", "905551112233+", "(90)5551112233", "9055511122a3",
			"-905551112233", "9.05551e11", "٩٠٥٥٥١١١٢٢٣٣", "９０５５５１１１２２３３", "905551112233\n",
			" 905551112233", "905551112233;ext=1",

			// Without + or 00 nothing says that it begins with a country code.
			"(425) 555-1212", "425-555-1212", "425.555.1212", "0555 111 22 33", "(0555) 111 22 33",
			"90 555 111 22 33", "tel:905551112233", "tel:5551212;phone-context=+1-425",
			// Extensions, and what is no number.
			"+1 (604) 555-1234;ext=5678", "tel:+16045551234;ext=5678", "+1 604 555 1234 x5678",
			"+1 604 555 1234 ext 5", "+1 604 555 1234#5", "+1 604 555 1234,,5", "+1-800-FLOWERS",
			"tel:", "tel:+", "tel:tel:+905551112233", "tel: +905551112230", "phone:+905551112233",
			"sms:+905551112233", "+90/555/1112233", "+90_5551112233", "+90\t5551112233",
			"+90%205551112233", "+90\u00a05551112233", "+90\u20115551112233", "\uff0b905551112233",
			// The zero in brackets is not dialled from abroad: the digits would be another number.
			"+44 (0)20 7946 0958", "+44(020)79460958", "+49 (0) 30 1234567",
			"000905551112233", "+00905551112233", "00+905551112233", "0000000000",
			"00 0 555 111 22 33",
			"+90 (555 111 22 33", "+90 555) 111 22 33", "+90 ((555)) 1112233", "+90 () 5551112233",
			"+90 )555( 1112233", "(+90) 5551112233", "+905551112233 ", " +905551112230",
			"+905551112233-", "+905551112233.", "+90 (5551112233", "+ ( ) -",
			"+90 555 111 22 33 44 55 66",
			"+1-2-3-4-5-6", "+" + strings.Repeat(" ", 5000) + "905551112233",
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
			"",
			[]string{"ada@example.com", aUUID},
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

// TestPhoneForms writes random numbers in random forms: each is read as its digits.
func TestPhoneForms(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	separators := []string{"", "", "", " ", "-", ".", "  ", " - "}
	for range 20_000 {
		digits := strconv.Itoa(1 + random.IntN(9))
		for range 6 + random.IntN(9) {
			digits += strconv.Itoa(random.IntN(10))
		}
		var text strings.Builder
		text.WriteString([]string{"+", "00", "tel:+", "Tel:+"}[random.IntN(4)])
		open := -1 // where a bracket was opened
		for i := range len(digits) {
			switch {
			case i > 0 && i < len(digits)-2 && open < 0 && random.IntN(8) == 0 && digits[i] != '0':
				text.WriteString("(")
				open = i
			case open >= 0 && open < i && open < len(digits) && random.IntN(3) == 0:
				text.WriteString(")")
				open = len(digits)
			case i > 0:
				text.WriteString(separators[random.IntN(len(separators))])
			}
			text.WriteByte(digits[i])
		}
		if open >= 0 && open < len(digits) {
			text.WriteString(")")
		}
		want := auth.Subscriber{Kind: auth.Phone, ID: digits}
		got, err := auth.ParseSubscriber(auth.Phone, text.String())
		if err != nil || got != want {
			t.Fatalf("%q: %s %q, %v; want %q", text.String(), got.Kind, got.ID, err, digits)
		}
		for _, again := range []string{got.ID, "+" + got.ID, "00" + got.ID, "tel:+" + got.ID} {
			if got, err := auth.ParseSubscriber(auth.Phone, again); err != nil || got != want {
				t.Fatalf("%q: %q, %v; want %q", again, got.ID, err, digits)
			}
		}
		for _, national := range []string{"0" + digits, "(" + digits[:2] + ")" + digits[2:]} {
			if _, err := auth.ParseSubscriber(auth.Phone, national); err == nil {
				t.Fatalf("%q has no country code and was taken", national)
			}
		}
	}
}

// TestEmailForms writes random addresses: each is its own canonical form, and one byte that no
// mailbox has spoils it wherever it stands.
func TestEmailForms(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const letters = "abcxyzABCXYZ0189"
	const local, host = letters + "!#$%'*+-/=?^_{|}~.", letters + "-"
	const never = " \t\n\"`<>&,;:()[]\\\x00\x7f@é"
	some := func(from string, most int) string {
		text := make([]byte, 1+random.IntN(most))
		for i := range text {
			text[i] = from[random.IntN(len(from))]
		}
		return string(text)
	}
	for range 20_000 {
		text := some(local, 30) + "@" + some(host, 12) + "." + some(letters, 6)
		want := auth.Subscriber{Kind: auth.Email, ID: text}
		got, err := auth.ParseSubscriber(auth.Email, text)
		if err != nil || got != want {
			t.Fatalf("%q: %q, %v", text, got.ID, err)
		}
		if again, err := auth.ParseSubscriber(got.Kind, got.ID); err != nil || again != want {
			t.Fatalf("%q is not its own canonical form: %q, %v", text, again.ID, err)
		}
		at := random.IntN(len(text) + 1)
		spoiled := text[:at] + string([]rune(never)[random.IntN(len([]rune(never)))]) + text[at:]
		if got, err := auth.ParseSubscriber(auth.Email, spoiled); err == nil {
			t.Fatalf("%q was taken as %q", spoiled, got.ID)
		}
	}
}
