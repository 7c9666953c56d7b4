package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/auth"
)

const (
	aUUID  = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
	nobody = "nobody"
)

// TestSubscriber is the table of claims → subscriber.
func TestSubscriber(t *testing.T) {
	standard := []string(nil)
	list := func(entries ...string) []string { return entries }
	const (
		present  = auth.ContactIfPresent
		required = auth.ContactRequired
		ignore   = auth.ContactIgnore
	)
	for _, test := range []struct {
		claims  string
		entries []string
		contact auth.Contact
		want    string
	}{
		// The default list.
		{``, standard, "", nobody},
		{`"email":"ada@example.com"`, standard, "", "email ada@example.com"},
		{`"phone_number":"+905551112233"`, standard, "", "phone 905551112233"},
		{`"phone_number":"905551112233"`, standard, "", "phone 905551112233"},
		{`"sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{`"sub":"ada@example.com"`, standard, "", "email ada@example.com"},
		{`"sub":"+905551112233"`, standard, "", nobody},
		{`"sub":"905551112233"`, standard, "", nobody},
		{`"sub":905551112233`, standard, "", nobody},
		{`"sub":"12345678"`, standard, "", nobody},
		{`"sub":12345678`, standard, "", nobody},
		{`"sub":9007199254740993`, standard, "", nobody},
		{`"sub":"auth0|5f7c8ec7c33c6c004bbafe82"`, standard, "", nobody},
		{`"sub":"auth0|ada@example.com"`, standard, "", nobody},
		{`"sub":"ada_example.com#EXT#@tenant.example"`, standard, "", nobody},
		{`"sub":"realm/ada@example.com"`, standard, "", nobody},
		{`"email":"o|brien@example.com"`, standard, "", "email o|brien@example.com"},
		{`"email":"ada@example.com","phone_number":"+905551112233","sub":"` + aUUID + `"`, standard, "", "email ada@example.com"},
		{`"phone_number":"+905551112233","sub":"` + aUUID + `"`, standard, "", "phone 905551112233"},
		{`"email":"nonsense","sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{`"email":"","phone_number":null,"sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{`"phone_number":905551112233,"sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{`"email":["ada@example.com"]`, standard, "", nobody},
		{`"email":{"value":"ada@example.com"}`, standard, "", nobody},
		{`"email":true`, standard, "", nobody},
		{`"email":"` + aUUID + `"`, standard, "", nobody},
		{`"phone_number":"ada@example.com"`, standard, "", nobody},

		// Verified or not.
		{`"email":"ada@example.com","email_verified":true`, standard, present, "email ada@example.com"},
		{`"email":"ada@example.com","email_verified":"true"`, standard, present, "email ada@example.com"},
		{`"email":"ada@example.com","email_verified":false`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":"false"`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":1`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":null`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":"True"`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":[true]`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":false,"sub":"` + aUUID + `"`, standard, present, "uuid " + aUUID},
		{`"email":"ada@example.com","email_verified":false,"phone_number":"+905551112233"`, standard, present, "phone 905551112233"},
		{`"email":"ada@example.com","phone_number_verified":false`, standard, present, "email ada@example.com"},
		{`"phone_number":"+905551112233","phone_number_verified":false`, standard, present, nobody},
		{`"phone_number":"+905551112233","phone_number_verified":true`, standard, present, "phone 905551112233"},
		{`"sub":"ada@example.com","email_verified":false`, standard, present, nobody},
		{`"sub":"` + aUUID + `","email_verified":false`, standard, present, "uuid " + aUUID},
		{`"email":"ada@example.com"`, standard, required, nobody},
		{`"email":"ada@example.com","email_verified":true`, standard, required, "email ada@example.com"},
		{`"email":"ada@example.com","email_verified":"true"`, standard, required, "email ada@example.com"},
		{`"email":"ada@example.com","email_verified":false`, standard, required, nobody},
		{`"phone_number":"+905551112233"`, standard, required, nobody},
		{`"phone_number":"+905551112233","email_verified":true`, standard, required, nobody},
		{`"phone_number":"+905551112233","phone_number_verified":true`, standard, required, "phone 905551112233"},
		{`"sub":"` + aUUID + `"`, standard, required, "uuid " + aUUID},
		{`"email":"ada@example.com","email_verified":false`, standard, ignore, "email ada@example.com"},
		{`"phone_number":"+905551112233","phone_number_verified":false`, standard, ignore, "phone 905551112233"},

		// What speaks of one address says nothing about another.
		{`"email":"me@evil.example","email_verified":true,"preferred_username":"victim@shop.example"`, list("preferred_username:email"), required, nobody},
		{`"email":"me@evil.example","email_verified":true,"preferred_username":"victim@shop.example"`, list("preferred_username"), required, nobody},
		{`"email":"me@evil.example","email_verified":true,"preferred_username":"victim@shop.example"`, list("preferred_username", "email"), required, "email me@evil.example"},
		{`"email":"me@evil.example","email_verified":true,"preferred_username":"me@evil.example"`, list("preferred_username"), required, "email me@evil.example"},
		{`"email":"me@evil.example","email_verified":true,"preferred_username":"Me@Evil.example"`, list("preferred_username"), required, "email Me@Evil.example"},
		{`"email":"me@evil.example","email_verified":false,"preferred_username":"me@evil.example"`, list("preferred_username"), required, nobody},
		{`"email":"me@evil.example","email_verified":true,"preferred_username":"victim@shop.example"`, list("preferred_username"), present, "email victim@shop.example"},
		{`"email":"me@evil.example","email_verified":false,"preferred_username":"victim@shop.example"`, list("preferred_username"), present, nobody},
		{`"email_verified":true,"preferred_username":"victim@shop.example"`, list("preferred_username"), required, nobody},
		{`"email":"me@evil.example","email_verified":true,"sub":"victim@shop.example"`, list("sub"), required, nobody},
		{`"email":"me@evil.example","email_verified":true,"user":{"email":"victim@shop.example"}`, list("user.email"), required, nobody},
		{`"user":{"email":"me@evil.example","email_verified":true,"login":"victim@shop.example"}`, list("user.login"), required, nobody},
		{`"user":{"email":"me@evil.example","email_verified":true,"login":"me@evil.example"}`, list("user.login"), required, "email me@evil.example"},
		{`"email":"me@evil.example","email_verified":true,"login":"victim@shop.example","login_verified":true`, list("login"), required, "email victim@shop.example"},
		{`"phone_number":"+905550000000","phone_number_verified":true,"msisdn":"905551112233"`, list("msisdn:phone"), required, nobody},
		{`"phone_number":"+905551112233","phone_number_verified":true,"msisdn":"905551112233"`, list("msisdn:phone"), required, "phone 905551112233"},
		{`"phone_number":905551112233,"phone_number_verified":true,"msisdn":905551112233`, list("msisdn:phone"), required, "phone 905551112233"},
		{`"phone_number_verified":true,"msisdn":"905551112233"`, list("msisdn:phone"), required, nobody},

		// Other claims, paths, kinds.
		{`"login":"ada@example.com"`, list("login"), "", "email ada@example.com"},
		{`"login":"ada@example.com"`, list("login:email"), "", "email ada@example.com"},
		{`"login":"ada@example.com"`, list("login:uuid"), "", nobody},
		{`"login":"ada@example.com","email_verified":false`, list("login:email"), "", nobody},
		{`"login":"ada@example.com","login_verified":false`, list("login:email"), "", nobody},
		{`"login":"ada@example.com","login_verified":true`, list("login:email"), required, "email ada@example.com"},
		{`"user":{"email":"ada@example.com"}`, list("user.email"), "", "email ada@example.com"},
		{`"user":{"email":"ada@example.com","email_verified":false}`, list("user.email"), "", nobody},
		{`"user":{"email":"ada@example.com","email_verified":true},"email_verified":false`, list("user.email"), "", nobody},
		{`"user":{"email":"ada@example.com","email_verified":true}`, list("user.email"), required, "email ada@example.com"},
		{`"user":{"login":"ada@example.com","email_verified":false}`, list("user.login"), "", nobody},
		{`"user.email":"bob@example.com","user":{"email":"ada@example.com"}`, list("user.email"), "", "email bob@example.com"},
		{`"user":[{"email":"ada@example.com"}]`, list("user.0.email"), "", nobody},
		{`"user":"ada@example.com"`, list("user.email"), "", nobody},
		{`"a":{"b":{"c":{"d":"` + aUUID + `"}}}`, list("a.b.c.d"), "", "uuid " + aUUID},
		{`"https://shop.example.com/id":"` + aUUID + `"`, list("https://shop.example.com/id"), "", "uuid " + aUUID},
		{`"https://shop.example.com/id":"` + aUUID + `"`, list("https://shop.example.com/id:uuid"), "", "uuid " + aUUID},
		{`"https://shop.example.com/app":{"mail":"ada@example.com"}`, list("https://shop.example.com/app.mail"), "", "email ada@example.com"},
		{`"cognito:username":"` + aUUID + `"`, list("cognito:username"), "", "uuid " + aUUID},
		{`"cognito:username":"` + aUUID + `"`, list("cognito:username:uuid"), "", "uuid " + aUUID},
		{`"urn:shop:user-id":"` + aUUID + `"`, list("urn:shop:user-id"), "", "uuid " + aUUID},
		{`"custom:email":"ada@example.com"`, list("custom:email:email"), "", "email ada@example.com"},
		{`"custom":"ada@example.com"`, list("custom:email"), "", "email ada@example.com"},
		{`"msisdn":"905551112233"`, list("msisdn"), "", nobody},
		{`"msisdn":"905551112233"`, list("msisdn:phone"), "", "phone 905551112233"},
		{`"msisdn":"+905551112233"`, list("msisdn:phone"), "", "phone 905551112233"},
		{`"msisdn":905551112233`, list("msisdn:phone"), "", "phone 905551112233"},
		{`"msisdn":905551112233.0`, list("msisdn:phone"), "", nobody},
		{`"msisdn":9.05551112233e11`, list("msisdn:phone"), "", nobody},
		{`"msisdn":-905551112233`, list("msisdn:phone"), "", nobody},
		{`"msisdn":9007199254740993`, list("msisdn:phone"), "", nobody},
		{`"msisdn":905551112233,"phone_number_verified":false`, list("msisdn:phone"), "", nobody},
		{`"phone_number":905551112233`, list("phone_number:phone"), "", "phone 905551112233"},
		{`"phone_number":905551112233`, list("phone_number"), "", nobody},
		{`"id":"` + strings.ToUpper(aUUID) + `"`, list("id:uuid"), "", "uuid " + aUUID},
		{`"id":"` + strings.ToUpper(aUUID) + `"`, list("id"), "", "uuid " + aUUID},
		{`"id":"{` + aUUID + `}"`, list("id"), "", nobody},
		{`"id":"urn:uuid:` + aUUID + `"`, list("id"), "", nobody},
		{`"id":"` + strings.ReplaceAll(aUUID, "-", "") + `"`, list("id:uuid"), "", nobody},
		{`"ID":"` + aUUID + `"`, list("id"), "", nobody},
		{`"first":"no","second":"bob@example.com","third":"ada@example.com"`, list("first", "second", "third"), "", "email bob@example.com"},
		{`"email":"ada@example.com","sub":"` + aUUID + `"`, list("sub", "email"), "", "uuid " + aUUID},

		// Escapes mean what they say.
		{`"email":"ada\u0040example.com"`, standard, "", "email ada@example.com"},
		{`"e\u006dail":"ada@example.com"`, standard, "", "email ada@example.com"},
		{`"email":"ada@example.com\u0000"`, standard, "", nobody},
		{`"email":"ada@example.com\r\nBcc: eve@example.com"`, standard, "", nobody},
	} {
		name := fmt.Sprintf("%s/%s/%s", test.claims, strings.Join(test.entries, " "), test.contact)
		t.Run(name, func(t *testing.T) {
			a := newAuth(t, auth.Config{Secrets: []string{secret}, SubscriberID: test.entries, VerifiedContact: test.contact})
			user := accepted(t, a, hs256().token(t, claims(test.claims)))
			if got := describe(user.Subscriber); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			explained, err := a.UserFromClaims([]byte(claims(test.claims)))
			if err != nil || explained.Subscriber != user.Subscriber {
				t.Errorf("explained as %s, %v", describe(explained.Subscriber), err)
			}
		})
	}
}

func describe(s auth.Subscriber) string {
	if !s.Known() {
		return nobody
	}
	return string(s.Kind) + " " + s.ID
}

func TestParseSubscriber(t *testing.T) {
	for _, test := range []struct {
		kind      auth.Kind
		good, bad []string
	}{
		{auth.Email, []string{
			"a@b", "ada@example.com", "Ada.Lovelace+shop@Example.COM", "a@x.y.z", "o_brien-1@my-host.example", "a..b@docomo.example",
			"!#$%*+-/=?^_{|}~@example.com", strings.Repeat("a", 242) + "@example.com", "1@2", "a@xn--mnchen-3ya.example",
		}, []string{
			"", "@", "a@", "@b", "ada", "a@b@c", "a@@b", "a b@example.com", " a@example.com", "a@example.com ", "a@example.com\n",
			"a\t@example.com", `"a"@example.com`, "a'b@example.com", "a`b@example.com", "a&b@example.com", "<a@example.com>",
			"Ada <a@example.com>", "a@example.com,b@example.com", "a,b@example.com", "a;b@example.com", "a(b)@example.com",
			`a\b@example.com`, "a@[127.0.0.1]", "a@example.com.", "a@.example.com", "a@example..com", "a@exa mple.com",
			"a@example.com/path", "a@exam&ple.com", "a@exa<b>mple.com", "ada@münchen.example", "аda@example.com", "a@example.com\x00",
			"a\u202e@example.com", "a@\uff45xample.com", "a\x7f@example.com", strings.Repeat("a", 243) + "@example.com",
			strings.Repeat("a", 5000) + "@example.com", "a%00@exa%6dple.com", "a@b?c", "a@b#c", "a@b:25", "mailto:a@b",
		}},
		{auth.Phone, []string{"1234567", "+1234567", "905551112233", "+905551112233", "123456789012345"}, []string{
			"", "+", "123456", "+123456", "1234567890123456", "0123456789", "+0123456789", "00905551112233", "++905551112233",
			"905551112233+", "+90 555 111 22 33", "+90-555-1112233", "(90)5551112233", "tel:+905551112233", "9055511122a3",
			"-905551112233", "9.05551e11", "٩٠٥٥٥١١١٢٢٣٣", "９０５５５１１１２２３３", "905551112233\n", " 905551112233", "905551112233;ext=1",
		}},
		{auth.UUID, []string{aUUID, strings.ToUpper(aUUID), "00000000-0000-0000-0000-000000000000", "f47ac10b-58cc-4372-a567-0e02b2c3d479"}, []string{
			"", "7d444840-9dc0-11d1-b245-5ffdce74fad", aUUID + "0", "{" + aUUID + "}", "urn:uuid:" + aUUID,
			"7d4448409dc011d1b2455ffdce74fad2", "7d444840-9dc0-11d1-b2455-ffdce74fad2", "gd444840-9dc0-11d1-b245-5ffdce74fad2",
			"7d444840_9dc0_11d1_b245_5ffdce74fad2", aUUID[:35] + "\n", " " + aUUID[:35], aUUID[:35] + "\x12",
		}},
		{"", []string{"ada@example.com", aUUID}, []string{"", "905551112233", "+905551112233", "12345678", "ada", "auth0|123"}},
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

func TestSubscriberTrace(t *testing.T) {
	a := newAuth(t, auth.Config{Secrets: []string{secret}, SubscriberID: []string{"email", "login", "msisdn:phone", "phone_number", "sub"}})
	user, err := a.UserFromClaims([]byte(`{"email":"ada@example.com","email_verified":false,"login":"12345678","msisdn":true,"sub":"` + aUUID + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"email: not verified", "login: neither an e-mail address nor a UUID", "msisdn: not a string", "phone_number: missing",
		"sub: taken as uuid",
	}
	if diff := cmp.Diff(want, user.SubscriberTrace()); diff != "" {
		t.Error(diff)
	}
	if (&auth.User{}).SubscriberTrace() != nil {
		t.Error("a zero User has nothing to tell")
	}
}

func TestClaim(t *testing.T) {
	a := newAuth(t, withSecret())
	user, err := a.UserFromClaims([]byte(`{
		"plan": "pro", "n": 9007199254740993, "f": 1.50, "e": 1E3, "yes": true, "no": false, "null": null, "empty": "",
		"list": ["a", {"b": 1}], "object": {"a": {"b": "deep"}, "empty": "", "null": null, "x.y": "dotted"},
		"a.b": "exact", "a": {"b": "path", "c.d": {"e": "far"}}, "a.c": {"d.e": "longest"}, "": "nameless",
		"escaped": "line\nbreak \u00e9 \ud83d\ude00", "https://shop.example.com/plan": "gold"
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"plan": "pro", "n": "9007199254740993", "f": "1.50", "e": "1E3", "yes": "true", "no": "false",
		"list": `["a", {"b": 1}]`, "object.a": `{"b": "deep"}`, "object.a.b": "deep", "object.x.y": "dotted",
		"a.b": "exact", "a.c.d.e": "longest", "escaped": "line\nbreak é 😀", "https://shop.example.com/plan": "gold", "": "nameless",
	} {
		if got, ok := user.Claim(path); !ok || got != want {
			t.Errorf("%q is %q, %t; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{
		"null", "empty", "object.empty", "object.null", "missing", "object.missing", "list.0", "list.1.b", "plan.x", "n.x", ".", "..",
		"object.", ".object", "object..a", "object.a.b.c", "PLAN", "Plan",
	} {
		if got, ok := user.Claim(path); ok || got != "" {
			t.Errorf("%q is %q, want nothing", path, got)
		}
	}
	if got, ok := (&auth.User{}).Claim("plan"); ok || got != "" {
		t.Error("a zero User has no claims")
	}
}

func TestTrusts(t *testing.T) {
	a := newAuth(t, auth.Config{Secrets: []string{secret}, TrustedClaims: []string{"plan", "app.price"}})
	for path, want := range map[string]bool{
		"plan": true, "app.price": true, "app": false, "price": false, "plan.x": false, "Plan": false, "": false, "email": false,
	} {
		if a.Trusts(path) != want {
			t.Errorf("Trusts(%q) is %t", path, !want)
		}
	}
}

// Whoever prints a user by mistake learns nothing about him.
func TestUsersDoNotPrintThemselves(t *testing.T) {
	user := accepted(t, newAuth(t, withSecret()), hs256().token(t, claims(ada)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{user, user.Subscriber} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "ada") || strings.Contains(text, "example.com") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
	if text := (auth.Subscriber{}).String(); text != nobody {
		t.Errorf("the zero Subscriber is %q", text)
	}
}
