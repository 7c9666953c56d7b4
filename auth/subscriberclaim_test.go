package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/auth"
)

// TestSubscriber is the table of claims → subscriber.
func TestSubscriber(t *testing.T) {
	standard := []string(nil)
	list := func(entries ...string) []string { return entries }
	const (
		present  = "if_present"
		required = "required"
		ignore   = "ignore"
	)
	for _, test := range []struct {
		claims  string
		entries []string
		contact string
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
		{
			`"email":"ada@example.com","phone_number":"+905551112233","sub":"` + aUUID + `"`,
			standard, "", "email ada@example.com",
		},
		{
			`"phone_number":"+905551112233","sub":"` + aUUID + `"`, standard, "",
			"phone 905551112233",
		},
		{`"email":"nonsense","sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{`"email":"","phone_number":null,"sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{`"phone_number":905551112233,"sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		// An array of one is what stands in it.
		{`"email":["ada@example.com"]`, standard, "", "email ada@example.com"},
		{`"email":[ "ada@example.com" ]`, standard, "", "email ada@example.com"},
		{`"emails":["ada@example.com"]`, list("emails"), "", "email ada@example.com"},
		{`"emails":["ada@example.com"]`, list("emails:email"), "", "email ada@example.com"},
		{`"user":{"emails":["ada@example.com"]}`, list("user.emails"), "", "email ada@example.com"},
		{`"phone_number":["+905551112233"]`, standard, "", "phone 905551112233"},
		{`"id":["` + aUUID + `"]`, list("id"), "", "uuid " + aUUID},
		{`"emails":["ada@example.com","bob@example.com"]`, list("emails"), "", nobody},
		{`"emails":["ada@example.com",null]`, list("emails"), "", nobody},
		{`"emails":["ada@example.com","ada@example.com"]`, list("emails"), "", nobody},
		{`"emails":[]`, list("emails"), "", nobody},
		{`"emails":[""]`, list("emails"), "", nobody},
		{`"emails":[null]`, list("emails"), "", nobody},
		{`"emails":[["ada@example.com"]]`, list("emails"), "", nobody},
		{`"emails":[{"value":"ada@example.com"}]`, list("emails"), "", nobody},
		{`"emails":["905551112233"]`, list("emails"), "", nobody},
		{`"emails":[905551112233]`, list("emails:phone"), "", nobody},
		{`"emails":["ada@example.com"]`, list("emails.0"), "", nobody},
		{
			`"emails":["no"],"email":"ada@example.com"`, list("emails", "email"), "",
			"email ada@example.com",
		},
		{`"email":["ada@example.com"],"email_verified":false`, standard, "", nobody},
		{`"emails":["ada@example.com"],"email_verified":false`, list("emails"), "", nobody},
		{`"emails":["ada@example.com"]`, list("emails"), required, nobody},
		{
			`"emails":["ada@example.com"],"emails_verified":true`, list("emails"), required,
			"email ada@example.com",
		},
		{
			`"emails":["ada@example.com"],"email":"ada@example.com","email_verified":true`,
			list("emails"), required, "email ada@example.com",
		},
		{
			`"emails":["victim@shop.example"],"email":["me@evil.example"],"email_verified":true`,
			list("emails"), required, nobody,
		},
		{`"email":["ada@example.com"],"email_verified":[true]`, standard, "", nobody},

		// Addresses and numbers as providers write them.
		{`"email":"mary.o'brien@example.com"`, standard, "", "email mary.o'brien@example.com"},
		{`"sub":"mary.o'brien@example.com"`, standard, "", "email mary.o'brien@example.com"},
		{`"phone_number":"+1 (425) 555-1212"`, standard, "", "phone 14255551212"},
		{`"phone_number":"tel:+1-201-555-0123"`, standard, "", "phone 12015550123"},
		{`"phone_number":"0090 555 111 22 33"`, standard, "", "phone 905551112233"},
		{`"phone_number":"(425) 555-1212"`, standard, "", nobody},
		{`"phone_number":"0555 111 22 33"`, standard, "", nobody},
		{`"phone_number":"+1 (604) 555-1234;ext=5678"`, standard, "", nobody},
		{`"phone_number":"+1 425 555 1212","phone_number_verified":false`, standard, "", nobody},
		{
			`"phone_number":"+90 555 111 22 33","phone_number_verified":true` +
				`,"msisdn":"905551112233"`,
			list("msisdn:phone"), required, "phone 905551112233",
		},
		{`"sub":"+90 555 111 22 33"`, standard, "", nobody},
		{`"msisdn":"+90.555.111.22.33"`, list("msisdn:phone"), "", "phone 905551112233"},
		{`"msisdn":"+90.555.111.22.33"`, list("msisdn"), "", nobody},
		{`"email":{"value":"ada@example.com"}`, standard, "", nobody},
		{`"email":true`, standard, "", nobody},
		{`"email":"` + aUUID + `"`, standard, "", nobody},
		{`"phone_number":"ada@example.com"`, standard, "", nobody},

		// Verified or not.
		{
			`"email":"ada@example.com","email_verified":true`, standard, present,
			"email ada@example.com",
		},
		{
			`"email":"ada@example.com","email_verified":"true"`, standard, present,
			"email ada@example.com",
		},
		{`"email":"ada@example.com","email_verified":false`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":"false"`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":1`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":null`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":"True"`, standard, present, nobody},
		{`"email":"ada@example.com","email_verified":[true]`, standard, present, nobody},
		{
			`"email":"ada@example.com","email_verified":false,"sub":"` + aUUID + `"`, standard,
			present, "uuid " + aUUID,
		},
		{
			`"email":"ada@example.com","email_verified":false,"phone_number":"+905551112233"`,
			standard, present, "phone 905551112233",
		},
		{
			`"email":"ada@example.com","phone_number_verified":false`, standard, present,
			"email ada@example.com",
		},
		{`"phone_number":"+905551112233","phone_number_verified":false`, standard, present, nobody},
		{
			`"phone_number":"+905551112233","phone_number_verified":true`, standard, present,
			"phone 905551112233",
		},
		{`"sub":"ada@example.com","email_verified":false`, standard, present, nobody},
		{`"sub":"` + aUUID + `","email_verified":false`, standard, present, "uuid " + aUUID},
		{`"email":"ada@example.com"`, standard, required, nobody},
		{
			`"email":"ada@example.com","email_verified":true`, standard, required,
			"email ada@example.com",
		},
		{
			`"email":"ada@example.com","email_verified":"true"`, standard, required,
			"email ada@example.com",
		},
		{`"email":"ada@example.com","email_verified":false`, standard, required, nobody},
		{`"phone_number":"+905551112233"`, standard, required, nobody},
		{`"phone_number":"+905551112233","email_verified":true`, standard, required, nobody},
		{
			`"phone_number":"+905551112233","phone_number_verified":true`, standard, required,
			"phone 905551112233",
		},
		{`"sub":"` + aUUID + `"`, standard, required, "uuid " + aUUID},
		{
			`"email":"ada@example.com","email_verified":false`, standard, ignore,
			"email ada@example.com",
		},
		{
			`"phone_number":"+905551112233","phone_number_verified":false`, standard, ignore,
			"phone 905551112233",
		},

		// What speaks of one address says nothing about another.
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"preferred_username":"victim@shop.example"`,
			list("preferred_username:email"), required, nobody,
		},
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"preferred_username":"victim@shop.example"`,
			list("preferred_username"), required, nobody,
		},
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"preferred_username":"victim@shop.example"`,
			list("preferred_username", "email"), required, "email me@evil.example",
		},
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"preferred_username":"me@evil.example"`,
			list("preferred_username"), required, "email me@evil.example",
		},
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"preferred_username":"Me@Evil.example"`,
			list("preferred_username"), required, "email Me@Evil.example",
		},
		{
			`"email":"me@evil.example","email_verified":false` +
				`,"preferred_username":"me@evil.example"`,
			list("preferred_username"), required, nobody,
		},
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"preferred_username":"victim@shop.example"`,
			list("preferred_username"), present, "email victim@shop.example",
		},
		{
			`"email":"me@evil.example","email_verified":false` +
				`,"preferred_username":"victim@shop.example"`,
			list("preferred_username"), present, nobody,
		},
		{
			`"email_verified":true,"preferred_username":"victim@shop.example"`,
			list("preferred_username"), required, nobody,
		},
		{
			`"email":"me@evil.example","email_verified":true,"sub":"victim@shop.example"`,
			list("sub"), required, nobody,
		},
		{
			`"email":"me@evil.example","email_verified":true` +
				`,"user":{"email":"victim@shop.example"}`,
			list("user.email"), required, nobody,
		},
		{
			`"user":{"email":"me@evil.example","email_verified":true` +
				`,"login":"victim@shop.example"}`,
			list("user.login"), required, nobody,
		},
		{
			`"user":{"email":"me@evil.example","email_verified":true,"login":"me@evil.example"}`,
			list("user.login"), required, "email me@evil.example",
		},
		{
			`"email":"me@evil.example","email_verified":true,"login":"victim@shop.example"` +
				`,"login_verified":true`,
			list("login"), required, "email victim@shop.example",
		},
		{
			`"phone_number":"+905550000000","phone_number_verified":true,"msisdn":"905551112233"`,
			list("msisdn:phone"), required, nobody,
		},
		{
			`"phone_number":"+905551112233","phone_number_verified":true,"msisdn":"905551112233"`,
			list("msisdn:phone"), required, "phone 905551112233",
		},
		{
			`"phone_number":905551112233,"phone_number_verified":true,"msisdn":905551112233`,
			list("msisdn:phone"), required, "phone 905551112233",
		},
		{
			`"phone_number_verified":true,"msisdn":"905551112233"`, list("msisdn:phone"), required,
			nobody,
		},

		// Other claims, paths, kinds.
		{`"login":"ada@example.com"`, list("login"), "", "email ada@example.com"},
		{`"login":"ada@example.com"`, list("login:email"), "", "email ada@example.com"},
		{`"login":"ada@example.com"`, list("login:uuid"), "", nobody},
		{`"login":"ada@example.com","email_verified":false`, list("login:email"), "", nobody},
		{`"login":"ada@example.com","login_verified":false`, list("login:email"), "", nobody},
		{`"login":"ada@example.com","login_verified":null`, list("login:email"), "", nobody},
		{`"user":{"email":"a@b.example","email_verified":null}`, list("user.email"), "", nobody},
		{
			`"user.email_verified":null,"user":{"email":"a@b.example","email_verified":true}`,
			list("user.email"), "", nobody,
		},
		{`"phone_number":"+905551112233","phone_number_verified":null`, standard, "", nobody},
		{`"email":null,"email_verified":null,"sub":"` + aUUID + `"`, standard, "", "uuid " + aUUID},
		{
			`"login":"ada@example.com","login_verified":true`, list("login:email"), required,
			"email ada@example.com",
		},
		{`"user":{"email":"ada@example.com"}`, list("user.email"), "", "email ada@example.com"},
		{
			`"user":{"email":"ada@example.com","email_verified":false}`, list("user.email"), "",
			nobody,
		},
		{
			`"user":{"email":"ada@example.com","email_verified":true},"email_verified":false`,
			list("user.email"), "", nobody,
		},
		{
			`"user":{"email":"ada@example.com","email_verified":true}`, list("user.email"),
			required, "email ada@example.com",
		},
		{
			`"user":{"login":"ada@example.com","email_verified":false}`, list("user.login"), "",
			nobody,
		},
		{
			`"user.email":"bob@example.com","user":{"email":"ada@example.com"}`, list("user.email"),
			"", "email bob@example.com",
		},
		{`"user":[{"email":"ada@example.com"}]`, list("user.0.email"), "", nobody},
		{`"user":"ada@example.com"`, list("user.email"), "", nobody},
		{`"a":{"b":{"c":{"d":"` + aUUID + `"}}}`, list("a.b.c.d"), "", "uuid " + aUUID},
		{
			`"https://shop.example.com/id":"` + aUUID + `"`, list("https://shop.example.com/id"),
			"", "uuid " + aUUID,
		},
		{
			`"https://shop.example.com/id":"` + aUUID + `"`,
			list("https://shop.example.com/id:uuid"), "", "uuid " + aUUID,
		},
		{
			`"https://shop.example.com/app":{"mail":"ada@example.com"}`,
			list("https://shop.example.com/app.mail"), "", "email ada@example.com",
		},
		{`"cognito:username":"` + aUUID + `"`, list("cognito:username"), "", "uuid " + aUUID},
		{`"cognito:username":"` + aUUID + `"`, list("cognito:username:uuid"), "", "uuid " + aUUID},
		{`"urn:shop:user-id":"` + aUUID + `"`, list("urn:shop:user-id"), "", "uuid " + aUUID},
		{
			`"custom:email":"ada@example.com"`, list("custom:email:email"), "",
			"email ada@example.com",
		},
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
		{
			`"first":"no","second":"bob@example.com","third":"ada@example.com"`,
			list("first", "second", "third"), "", "email bob@example.com",
		},
		{
			`"email":"ada@example.com","sub":"` + aUUID + `"`, list("sub", "email"), "",
			"uuid " + aUUID,
		},

		// Escapes mean what they say.
		{`"email":"ada\u0040example.com"`, standard, "", "email ada@example.com"},
		{`"e\u006dail":"ada@example.com"`, standard, "", "email ada@example.com"},
		{`"email":"ada@example.com\u0000"`, standard, "", nobody},
		{`"email":"ada@example.com\r\nBcc: eve@example.com"`, standard, "", nobody},
	} {
		name := fmt.Sprintf("%s/%s/%s", test.claims, strings.Join(test.entries, " "), test.contact)
		t.Run(name, func(t *testing.T) {
			a := newAuth(
				t,
				auth.Config{
					Secrets:         []string{secret},
					SubscriberID:    test.entries,
					VerifiedContact: test.contact,
				},
			)
			user := accepted(t, a, hs256().token(t, claims(test.claims)))
			if got := describe(user.Subscriber); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			explained, err := a.UnverifiedUser([]byte(claims(test.claims)))
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

func TestSubscriberTrace(t *testing.T) {
	a := newAuth(
		t,
		auth.Config{
			Secrets:      []string{secret},
			SubscriberID: []string{"email", "login", "msisdn:phone", "phone_number", "sub"},
		},
	)
	user, err := a.UnverifiedUser(
		[]byte(
			`{"email":"ada@example.com","email_verified":false,"login":"12345678"` +
				`,"msisdn":true,"sub":"` + aUUID + `"}`,
		),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"email: not verified", "login: neither an e-mail address nor a UUID",
		"msisdn: not a string", "phone_number: missing",
		"sub: taken as uuid",
	}
	if diff := cmp.Diff(want, user.SubscriberTrace()); diff != "" {
		t.Error(diff)
	}
	if (&auth.User{}).SubscriberTrace() != nil {
		t.Error("a zero User has nothing to tell")
	}
}

func TestSubscriberIDErrors(t *testing.T) {
	mistakes{
		"mistyped kind": {
			secretAnd(func(c *auth.Config) { c.SubscriberID = []string{"email", "sub:mail"} }),
			`"sub:mail" ends in no kind; write :email`,
		},
		"kind in capitals": {
			secretAnd(func(c *auth.Config) { c.SubscriberID = []string{"login:Email"} }),
			`"login:Email" ends in no kind; write :email`,
		},
		"kind is missing": {
			secretAnd(func(c *auth.Config) { c.SubscriberID = []string{"login:"} }),
			`"login:" ends in no kind`,
		},
		"number of a phone": {
			secretAnd(func(c *auth.Config) { c.SubscriberID = []string{"login:tel"} }),
			"write :phone",
		},
		"verified_contact": {
			secretAnd(func(c *auth.Config) { c.VerifiedContact = "yes" }),
			"write if_present, required or ignore",
		},
		"empty subscriber": {
			secretAnd(func(c *auth.Config) { c.SubscriberID = []string{"email", ""} }),
			"names no claim",
		},
		"kind without claim": {
			secretAnd(func(c *auth.Config) { c.SubscriberID = []string{":phone"} }),
			"names no claim",
		},
	}.areRefused(t)
}
