package auth_test

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

func TestWhereTokensAre(t *testing.T) {
	ada := hs256().token(t, claims(ada))
	bob := hs256().token(t, claims(`"email":"bob@example.com"`))
	forged := ada[:len(ada)-10] + "AAAAAAAAAA"
	both := []auth.Source{{In: "cookie", Name: "session"}, {In: "header", Name: "authorization"}}
	backwards := []auth.Source{both[1], both[0]}
	custom := []auth.Source{{In: "header", Name: "x-auth-token"}}
	const none, isAda, isBob = "none", "ada", "bob"

	for _, test := range []struct {
		name  string
		from  []auth.Source
		lines []string
		want  string // none, ada, bob, or a rule
	}{
		{"nothing", both, nil, none},
		{"cookie", both, []string{"Cookie: session=" + ada}, isAda},
		{
			"cookie among others", both,
			[]string{"Cookie: a=b; session=" + ada + "; session2=x"},
			isAda,
		},
		{"cookie in quotes", both, []string{`Cookie: session="` + ada + `"`}, isAda},
		{"cookie with blanks around", both, []string{"Cookie: a=b;   session = " + ada}, "charset"},
		{"cookie in a second line", both, []string{"Cookie: a=b", "Cookie: session=" + ada}, isAda},
		{"cookie's name is case-sensitive", both, []string{"Cookie: Session=" + ada}, none},
		{"cookie with a longer name", both, []string{"Cookie: xsession=" + ada}, none},
		{
			"the same cookie twice", both,
			[]string{"Cookie: session=" + ada + "; session=" + ada},
			isAda,
		},
		{
			"the same, once in quotes", both,
			[]string{`Cookie: session="` + ada + `"; session=` + ada},
			isAda,
		},
		{
			"two cookies of the name", both,
			[]string{"Cookie: session=" + ada + "; session=" + bob},
			"ambiguous",
		},
		{
			"two in two lines", both,
			[]string{"Cookie: session=" + ada, "Cookie: session=" + bob},
			"ambiguous",
		},
		{
			"a tossed one before the good one", both,
			[]string{"Cookie: session=x; session=" + ada},
			"ambiguous",
		},
		{
			"a tossed one behind the good one", both,
			[]string{"Cookie: session=" + ada + "; session=x"},
			"ambiguous",
		},
		{"an empty one is none", both, []string{"Cookie: session=; session=" + ada}, isAda},
		{"only an empty one", both, []string{"Cookie: session="}, none},
		{"an empty one in quotes", both, []string{`Cookie: session=""`}, none},
		{"without an equals sign", both, []string{"Cookie: session"}, none},
		{"bytes no cookie may have", both, []string{"Cookie: session=" + ada + "\\"}, none},
		{
			"more cookies than net/http reads", both,
			[]string{"Cookie: " + strings.Repeat("a=b;", 3000) + "session=" + ada},
			none,
		},
		{
			"as many as it reads", both,
			[]string{"Cookie: " + strings.Repeat("a=b;", 2999) + "session=" + ada},
			isAda,
		},
		{"not a token", both, []string{"Cookie: session=deadbeef"}, "parts"},

		{"bearer", both, []string{"Authorization: Bearer " + ada}, isAda},
		{"bearer, other case", both, []string{"Authorization: bEARER " + ada}, isAda},
		{"bearer, more blanks", both, []string{"Authorization: Bearer   " + ada + "  "}, isAda},
		{"bearer, a tab", both, []string{"Authorization: Bearer\t" + ada}, none},
		{"bearer, glued", both, []string{"Authorization: Bearer" + ada}, none},
		{"bearer, empty", both, []string{"Authorization: Bearer"}, none},
		{"bearer, blank", both, []string{"Authorization: Bearer  "}, none},
		{"no scheme", both, []string{"Authorization: " + ada}, none},
		{"basic", both, []string{"Authorization: Basic YWRhOmxvdmVsYWNl"}, none},
		{
			"basic and bearer", both,
			[]string{"Authorization: Basic YWRhOmxvdmVsYWNl", "Authorization: Bearer " + ada},
			isAda,
		},
		{
			"two bearers", both,
			[]string{"Authorization: Bearer " + ada, "Authorization: Bearer " + bob},
			"ambiguous",
		},
		{
			"the same bearer twice", both,
			[]string{"Authorization: Bearer " + ada, "Authorization: bearer " + ada},
			isAda,
		},
		{
			"a list of bearers", both,
			[]string{"Authorization: Bearer " + ada + ", Bearer " + bob},
			"charset",
		},
		{
			"a list without blanks", both,
			[]string{"Authorization: Bearer " + ada + "," + bob},
			"charset",
		},
		{"a look-alike name", both, []string{"Authorization_: Bearer " + ada}, none},

		{
			"cookie before bearer", both,
			[]string{"Authorization: Bearer " + bob, "Cookie: session=" + ada},
			isAda,
		},
		{
			"bearer before cookie", backwards,
			[]string{"Authorization: Bearer " + bob, "Cookie: session=" + ada},
			isBob,
		},
		{
			"a bad cookie is not healed", both,
			[]string{"Authorization: Bearer " + ada, "Cookie: session=" + forged},
			"signature",
		},
		{
			"nor an ambiguous one", both,
			[]string{"Authorization: Bearer " + ada, "Cookie: session=a; session=b"},
			"ambiguous",
		},
		{
			"an empty cookie gives way", both,
			[]string{"Authorization: Bearer " + ada, "Cookie: session="},
			isAda,
		},

		{"another header", custom, []string{"X-Auth-Token: " + ada}, isAda},
		{"another header with the scheme", custom, []string{"X-Auth-Token: Bearer " + ada}, isAda},
		{
			"another header twice", custom,
			[]string{"X-Auth-Token: " + ada, "X-Auth-Token: " + bob},
			"ambiguous",
		},
		{"a look-alike of it", custom, []string{"X_Auth_Token: " + ada}, none},
		{"never the query", custom, nil, none},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAuth(t, auth.Config{Secrets: []string{secret}, From: test.from})
			r := request(test.lines...)
			r.URL.RawQuery = "token=" + ada + "&session=" + ada
			user, err := a.Authenticate(r)
			switch test.want {
			case none:
				if !errors.Is(err, auth.ErrNoToken) {
					t.Errorf("error %v, want ErrNoToken", err)
				}
			case isAda, isBob:
				if err != nil {
					t.Fatal(err)
				}
				if who, _, _ := strings.Cut(user.Subscriber.ID, "@"); who != test.want {
					t.Errorf("it is %s, want %s", who, test.want)
				}
			default:
				wantRule(t, err, test.want)
			}
		})
	}
}

// A huge token costs no memory, wherever it stands and whatever it holds.
func TestHugeTokensCostNothing(t *testing.T) {
	a := newAuth(
		t,
		auth.Config{
			Secrets: []string{secret},
			From: []auth.Source{
				{In: "cookie", Name: "session"},
				{In: "header", Name: "Authorization"},
			},
		},
	)
	for name, r := range map[string]*http.Request{
		"cookie": request("Cookie: a=b; session=" + strings.Repeat("A", 1<<20)),
		"dots":   request("Cookie: session=" + strings.Repeat(".", 1<<20)),
		"bearer": request("Authorization: Bearer " + strings.Repeat("A", 1<<20)),
		"signed": request(
			"Authorization: Bearer " + hs256().token(
				t, claims(`"x":"`+strings.Repeat("x", 1<<20)+`"`),
			),
		),
		"two cookies": request(
			"Cookie: session=" + strings.Repeat("A", 1<<20) +
				"; session=" + strings.Repeat("B", 1<<20),
		),
		"blanks": request("Cookie: session=A" + strings.Repeat(" ", 1<<20) + "B"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := a.Authenticate(r)
		runtime.ReadMemStats(&after)
		wantRule(t, err, "")
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
			t.Errorf("%s: %d bytes", name, used)
		}
	}
}

func TestSourceErrors(t *testing.T) {
	from := func(places ...auth.Source) auth.Config {
		return auth.Config{Secrets: []string{secret}, From: places}
	}
	mistakes{
		"no place": {from([]auth.Source{}...), "usually `from cookie <name>`"},
		"unknown place": {
			from(auth.Source{In: "query", Name: "token"}), "write `from cookie <name>` or",
		},
		"without name": {from(auth.Source{In: "cookie"}), "no cookie name"},
		"cookie name":  {from(auth.Source{In: "cookie", Name: "a b"}), "no cookie name"},
		"header name":  {from(auth.Source{In: "header", Name: "X-Tok:en"}), "no header name"},
		"cookie as header": {
			from(auth.Source{In: "header", Name: "cookie"}), "write `from cookie <name>`",
		},
		"a place twice": {
			from(auth.Source{In: "header", Name: "a"}, auth.Source{In: "header", Name: "A"}),
			"twice",
		},
	}.areRefused(t)
}
