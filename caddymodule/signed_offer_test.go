package caddymodule_test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/sandbox"
)

const (
	unreadable = "this offer cannot be read, please open its link again"
	isOver     = "this offer is over"
	notYet     = "this offer has not begun yet"
)

// siteOf fills in what the shop and the server have different.
func offersWith(config, ledger, site string) string {
	return strings.NewReplacer("LEDGER", ledger, "SITE", site).Replace(config)
}

// An offer chooses its campaign, whatever matchers that has, and brings values along. Nobody needs to
// sign in where guests are served; a user gets a link of their own.
func TestOfferChoosesItsCampaign(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "winback", "values": values{"name": "Ann {env.HOME}"}})
	link := s.getsLink(s.opens("/go", token), "")
	if link.CheckoutLinkID != "11" || link.PackageName != "For Ann {env.HOME}" {
		t.Errorf("the link is %s %q", link.CheckoutLinkID, link.PackageName)
	}
	s.getsLink(s.opens("/go", token, by("ann@example.com")), "ann@example.com")
	s.getsLink(s.opens("/in", token, by("ann@example.com")), "ann@example.com")
	s.getsLink(s.click("/o/"+token), "")
	// The path's other segments are no offers.
	s.reachesNext(s.click("/o/"))
	s.refuses(s.click("/o/x"), unreadable)

	// A price of the offer, within the bounds of the campaign, and nothing else.
	for price, want := range map[string]string{"4.90": "4.90", "99.01": "", "0": "", "free": "", "": ""} {
		res := s.opens("/go", offer(t, jwt.MapClaims{"campaign": "support", "values": values{"price": price}}))
		if want == "" {
			s.redirects(res, "/support") // the campaign's own fallback
			continue
		}
		if link := s.getsLink(res, ""); link.CustomPrice != want || link.CustomCurrency != "EUR" {
			t.Errorf("price %s: %s %s", price, link.CustomPrice, link.CustomCurrency)
		}
	}
	// Without a value for it there is no price.
	s.redirects(s.opens("/go", offer(t, jwt.MapClaims{"campaign": "support"})), "/support")
}

// Without an offer in the request the listed campaigns are tried, and without any listed the next
// handler runs.
func TestRouteWithoutAnOffer(t *testing.T) {
	s := offerShop(t)
	for _, path := range []string{"/go", "/go?offer=", "/go?other=x", "/fall", "/o/"} {
		s.reachesNext(s.click(path))
		s.reachesNext(s.click(path, by("ann@example.com")))
	}
	if link := s.getsLink(s.click("/in", by("ann@example.com")), "ann@example.com"); link.CheckoutLinkID != "15" {
		t.Errorf("the listed campaign gives link %s", link.CheckoutLinkID)
	}
	// The offer's values are nobody's but its own request's.
	s.fails(s.click("/in"), http.StatusUnauthorized)
}

// The trusted claims of an offer's campaign are those of the route, asked at each request.
func TestOfferTrustsNoMoreClaims(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "plan"})
	res := s.opens("/in", token, as(jwt.MapClaims{"email": "ann@example.com", "price": "2.00"}))
	s.fails(res, http.StatusInternalServerError)
	if got := res.Header.Get("X-Outcome"); got != "bad_offer" {
		t.Errorf("outcome %q", got)
	}
	s.apiCalls(0)
}

// The experiment of an offer's campaign is the one that everybody is in.
func TestOfferKeepsItsExperiment(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "split"})
	seen := map[string]bool{}
	for _, who := range []string{"a", "b", "c", "d", "e", "f"} {
		email := who + "@example.com"
		page := s.opens("/page", token, by(email)).Header.Get("X-Offer")
		link := s.getsLink(s.opens("/in", token, by(email)), email)
		if want := "split a 5.00"; link.CustomPrice == "6.00" {
			if want = "split b 6.00"; page != want {
				t.Errorf("%s: the page says %q, the link %s", who, page, link.CustomPrice)
			}
		} else if page != want {
			t.Errorf("%s: the page says %q, the link %s", who, page, link.CustomPrice)
		}
		seen[page] = true
	}
	if len(seen) != 2 {
		t.Errorf("variants %v", seen)
	}
}

// What is wrong with an offer is told in a sentence of its own, and nothing is asked of the API.
func TestBadOffers(t *testing.T) {
	s := offerShop(t)
	now := time.Now()
	long := strings.Repeat("x", 257)
	many := values{}
	for i := range 17 {
		many["v"+strings.Repeat("x", i)] = "1"
	}
	good := func(more jwt.MapClaims) jwt.MapClaims {
		claims := jwt.MapClaims{"campaign": "mailing"}
		maps.Copy(claims, more)
		return claims
	}
	for name, test := range map[string]struct{ token, sentence string }{
		"no token":       {"winback", unreadable},
		"cut":            {offer(t, good(nil))[:60], unreadable},
		"another secret": {offerUnder(t, jwtSecret, "offer+jwt", good(nil)), unreadable},
		"a session":      {token(good(nil)), unreadable},
		"a session under the offers' secret": {
			offerUnder(t, offerSecret, "JWT", good(nil)), unreadable,
		},
		"another typ": {offerUnder(t, offerSecret, "at+jwt", good(nil)), unreadable},
		"expired":     {offer(t, good(jwt.MapClaims{"exp": now.Add(-time.Minute).Unix()})), "this offer has expired"},
		"too long": {
			offer(t, good(jwt.MapClaims{"exp": now.Add(11 * 24 * time.Hour).Unix()})), unreadable,
		},
		"begins later": {
			offer(t, good(jwt.MapClaims{"nbf": now.Add(time.Hour).Unix()})), notYet,
		},
		"no campaign":      {offer(t, jwt.MapClaims{}), unreadable},
		"campaign, empty":  {offer(t, jwt.MapClaims{"campaign": ""}), unreadable},
		"campaign, number": {offer(t, jwt.MapClaims{"campaign": 1}), unreadable},
		"campaign, list":   {offer(t, jwt.MapClaims{"campaign": []string{"mailing"}}), unreadable},
		"unknown campaign": {offer(t, jwt.MapClaims{"campaign": "gone"}), unreadable},
		"campaign is over": {offer(t, jwt.MapClaims{"campaign": "over"}), "/over"},
		"not begun":        {offer(t, jwt.MapClaims{"campaign": "early"}), notYet},
		"switched off":     {offer(t, jwt.MapClaims{"campaign": "dead"}), isOver},
		"values, text":     {offer(t, good(jwt.MapClaims{"values": "price=1"})), unreadable},
		"values, list":     {offer(t, good(jwt.MapClaims{"values": []string{"1"}})), unreadable},
		"a number": {
			offer(t, good(jwt.MapClaims{"values": map[string]any{"price": 4.9}})), unreadable,
		},
		"a bool":       {offer(t, good(jwt.MapClaims{"values": map[string]any{"a": true}})), unreadable},
		"a null":       {offer(t, good(jwt.MapClaims{"values": map[string]any{"a": nil}})), unreadable},
		"an object":    {offer(t, good(jwt.MapClaims{"values": map[string]any{"a": values{}}})), unreadable},
		"a long value": {offer(t, good(jwt.MapClaims{"values": values{"a": long}})), unreadable},
		"a bad name":   {offer(t, good(jwt.MapClaims{"values": values{"A": "1"}})), unreadable},
		"a dotted name": {
			offer(t, good(jwt.MapClaims{"values": values{"a.b": "1"}})), unreadable,
		},
		"too many":    {offer(t, good(jwt.MapClaims{"values": many})), unreadable},
		"jti, number": {offer(t, good(jwt.MapClaims{"jti": 17})), unreadable},
		"jti, empty":  {offer(t, good(jwt.MapClaims{"jti": ""})), unreadable},
		"jti, list":   {offer(t, good(jwt.MapClaims{"jti": []string{"a"}})), unreadable},
		"jti, long":   {offer(t, good(jwt.MapClaims{"jti": long})), unreadable},
		"sub, number": {offer(t, good(jwt.MapClaims{"sub": 17})), unreadable},
		"sub, empty":  {offer(t, good(jwt.MapClaims{"sub": ""})), unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			res := s.opens("/go", test.token)
			if strings.HasPrefix(test.sentence, "/") {
				s.redirects(res, test.sentence)
			} else {
				s.refuses(res, test.sentence)
				s.redirects(s.opens("/fall", test.token), "/pricing")
			}
			// Where campaigns are listed they are not shown instead.
			body, _ := io.ReadAll(s.opens("/page", test.token, by("ann@example.com")).Body)
			if string(body) != "|||" {
				t.Errorf("the page shows %s", body)
			}
			// Whatever an offer is, it signs nobody in.
			if name != "a session" {
				s.fails(s.click("/in", holding(test.token)), http.StatusUnauthorized)
			}
		})
	}
	s.apiCalls(0)
	two := offer(t, good(nil))
	for _, query := range []string{
		"offer=" + two + "&offer=" + offer(t, good(jwt.MapClaims{"jti": "a"})),
		"offer=" + two + "&offer=" + two, "offer=&offer=" + two,
	} {
		s.refuses(s.click("/go?"+query), "this link holds two offers, please open one of them")
	}
	s.getsLink(s.opens("/go", two), "")
	s.apiCalls(1)
}

// An offer for one subscriber is theirs, signed in, in whatever form it is written.
func TestOfferForOneSubscriber(t *testing.T) {
	s := offerShop(t)
	const another = "this offer is for another account, please sign in with the one that it " +
		"was sent to"
	forAnn := offer(t, jwt.MapClaims{"campaign": "mailing", "sub": "Ann@example.com"})
	for _, path := range []string{"/go", "/in", "/login", "/maybe"} {
		s.getsLink(s.opens(path, forAnn, by("ann@example.com")), "ann@example.com")
		s.refuses(s.opens(path, forAnn, by("ben@example.com")), another)
	}
	// Somebody whom Zotlo cannot have as a subscriber is not Ann either.
	nameless := as(jwt.MapClaims{"sub": "auth0|17"})
	s.refuses(s.opens("/go", forAnn, nameless), another)
	s.fails(s.opens("/in", forAnn, nameless), http.StatusForbidden)

	phone := offer(t, jwt.MapClaims{"campaign": "mailing", "sub": "+90 (555) 111-22-33"})
	s.getsLink(s.opens("/in", phone, as(jwt.MapClaims{"phone_number": "+905551112233"})), "905551112233")
	s.refuses(s.opens("/in", phone, as(jwt.MapClaims{"phone_number": "+905551112234"})), another)
	const id = "7D444840-9DC0-11D1-B245-5FFDCE74FAD2"
	uuid := offer(t, jwt.MapClaims{"campaign": "mailing", "sub": id})
	s.getsLink(s.opens("/in", uuid, as(jwt.MapClaims{"sub": strings.ToLower(id)})), strings.ToLower(id))
	s.refuses(s.opens("/in", offer(t, jwt.MapClaims{"campaign": "mailing", "sub": "nobody's"}),
		by("ann@example.com")), another)

	// A visitor whom nobody knows gets the route's answer to them: the login, else 401.
	before := s.zotlo.Calls()
	for _, who := range [][]func(*request){nil, {holding("no token")}} {
		s.fails(s.opens("/go", forAnn, who...), http.StatusUnauthorized)
		s.fails(s.opens("/in", forAnn, who...), http.StatusUnauthorized)
		s.fails(s.opens("/maybe", forAnn, who...), http.StatusUnauthorized)
		back := url.QueryEscape("/login?offer=" + forAnn)
		s.redirects(s.opens("/login", forAnn, who...), "/sign-in?next="+back)
	}
	s.apiCalls(before)
	for _, test := range []struct {
		who  []func(*request)
		want string
	}{
		{[]func(*request){by("ann@example.com")}, "mailing|9.99||"},
		{[]func(*request){by("ben@example.com")}, "|||"},
		{nil, "|||"},
		{[]func(*request){nameless}, "|||"},
	} {
		body, _ := io.ReadAll(s.opens("/page", forAnn, test.who...).Body)
		if string(body) != test.want {
			t.Errorf("the page shows %s, want %s", body, test.want)
		}
	}
}

// A mail scanner opens an offer a hundred times, and then the person pays, once. Clicks spend
// nothing, and a payment does: for the link, for the page, and for everybody.
func TestScannerOpensAndPersonPays(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "mailing", "jti": t.Name()})
	scanner := header("User-Agent", "mail scanner")
	for range 100 {
		res := s.opens("/go", token, scanner)
		if res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("the scanner gets %d", res.StatusCode)
		}
		page, _ := io.ReadAll(s.opens("/page", token, scanner).Body)
		if string(page) != "mailing|9.99||" {
			t.Fatalf("the scanner's page shows %s", page)
		}
	}
	res := s.opens("/in", token, by("ann@example.com"))
	link := s.getsLink(res, "ann@example.com")
	s.pays(link.URL)
	for _, path := range []string{"/go", "/in"} {
		for _, who := range []string{"ann@example.com", "ben@example.com"} {
			res := s.opens(path, token, by(who))
			s.fails(res, http.StatusGone)
			if got := res.Header.Get("X-Outcome"); got != "offer_spent" {
				t.Errorf("outcome %q", got)
			}
		}
	}
	s.redirects(s.opens("/fall", token), "/pricing")
	body, _ := io.ReadAll(s.opens("/page", token, by("ben@example.com")).Body)
	if string(body) != "|||" {
		t.Errorf("the page shows %s", body)
	}
	// Another offer of the campaign is another offer.
	other := offer(t, jwt.MapClaims{"campaign": "mailing", "jti": t.Name() + "2"})
	s.getsLink(s.opens("/in", other, by("ben@example.com")), "ben@example.com")
	// And one without an id is good again and again.
	again := offer(t, jwt.MapClaims{"campaign": "mailing"})
	for range 2 {
		s.pays(s.getsLink(s.opens("/in", again, by("ben@example.com")), "ben@example.com").URL)
	}
}

// Where one goes after a payment is where a spent offer leads.
func TestSpentOfferLeadsToAfterPayment(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "winback", "jti": t.Name()})
	s.pays(s.getsLink(s.opens("/go", token), "").URL, sandbox.As("ann@example.com"))
	res := s.opens("/go", token, by("ben@example.com"))
	s.redirects(res, "/account")
	if got := res.Header.Get("X-Outcome"); got != "offer_spent" {
		t.Errorf("outcome %q", got)
	}
	res = s.opens("/go", token, by("ben@example.com"), wantJSON)
	if got := s.body(res)["url"]; res.StatusCode != 200 || got != s.site.URL+"/account" {
		t.Errorf("JSON: %d %v", res.StatusCode, got)
	}
}

// Links that are out stay payable: two people who opened an offer can both pay, and the second
// payment is told.
func TestSecondPaymentByAnOfferIsTold(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "mailing", "jti": t.Name()})
	first := s.getsLink(s.opens("/go", token), "").URL
	second := s.getsLink(s.opens("/go", token), "").URL
	before := s.mismatches("mailing", "offer_spent")
	s.pays(first, sandbox.As("ann@example.com"))
	if got := s.mismatches("mailing", "offer_spent") - before; got != 0 {
		t.Errorf("after the first payment: %v", got)
	}
	s.pays(second, sandbox.As("ben@example.com"))
	if got := s.mismatches("mailing", "offer_spent") - before; got != 1 {
		t.Errorf("after the second payment: %v, want 1", got)
	}
}

// mismatches counts those of a campaign and kind.
func (s *shop) mismatches(campaign, kind string) (n float64) {
	s.t.Helper()
	families, err := s.live.Load().ctx.GetMetricsRegistry().Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "caddy_checkout_mismatches_total" {
			continue
		}
		for _, m := range family.Metric {
			text := labelText(m)
			if strings.Contains(text, "campaign="+campaign) && strings.Contains(text, "kind="+kind) {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// Whether an offer is spent is not guessed: without the ledger it gets no link. One that nothing
// spends does not need the ledger.
func TestOfferWithoutTheLedger(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{"campaign": "mailing", "jti": t.Name()})
	s.getsLink(s.opens("/go", token), "") // the ledger is open from now on
	stumble("read", 1)
	res := s.opens("/go", token)
	s.fails(res, http.StatusServiceUnavailable)
	if res.Header.Get("X-Outcome") != "ledger_unavailable" || res.Header.Get("Retry-After") != "10" {
		t.Errorf("outcome %q, Retry-After %q", res.Header.Get("X-Outcome"), res.Header.Get("Retry-After"))
	}
	stumble("read", 1)
	s.redirects(s.opens("/fall", token), "/pricing")
	stumble("read", 1)
	body, _ := io.ReadAll(s.opens("/page", token).Body)
	if string(body) != "|||" {
		t.Errorf("the page shows %s", body)
	}
	stumble("read", 1)
	s.getsLink(s.opens("/go", offer(t, jwt.MapClaims{"campaign": "mailing"})), "")
	stumble("", 0)
	s.getsLink(s.opens("/go", token), "")
}

// One look-up tells of the offer and of its reader, and a route without offers costs none.
func TestOfferCostsOneLookUp(t *testing.T) {
	s := offerShop(t)
	once := offer(t, jwt.MapClaims{"campaign": "members", "jti": t.Name()})
	s.opens("/in", once, by("ann@example.com")) // the ledger is open from now on
	for _, test := range []struct {
		path, token string
		want        int
	}{
		{"/in", once, 1},
		{"/in", offer(t, jwt.MapClaims{"campaign": "members"}), 1}, // for subscribed
		{"/in", offer(t, jwt.MapClaims{"campaign": "mailing"}), 0},
		{"/in", "", 0},
		{"/page", offer(t, jwt.MapClaims{"campaign": "mailing", "jti": "a"}), 1},
	} {
		caddymodule.Stumbles.Count("read")
		s.opens(test.path, test.token, by("ann@example.com"))
		if got := caddymodule.Stumbles.Count("read"); got != test.want {
			t.Errorf("%s asks the ledger %d times, want %d", test.path, got, test.want)
		}
	}
}

// A subscriber is sent to their account, by an offer as by any other way.
func TestOfferForACustomer(t *testing.T) {
	s := &till{shop: offerShop(t)}
	s.updates("active", "active", time.Hour)
	res := s.opens("/in", offer(t, jwt.MapClaims{"campaign": "members"}), by("ann@example.com"))
	s.redirects(res, "/member")
}

// Two keys in a row are a rotation. The sign-in's own key is none of them.
func TestOfferKeys(t *testing.T) {
	s := offerShop(t)
	old := offerUnder(t, "last year's secret of offers, thirty-two+", "offer+jwt",
		jwt.MapClaims{"campaign": "mailing"})
	s.getsLink(s.opens("/go", old), "")

	for name, test := range map[string]struct{ block, want string }{
		"the sign-in's":            {"secret {env.JWT_SECRET}", "one key signs sessions and offers"},
		"the sign-in's, in base64": {"secret base64:{env.JWT_BASE64}", "one key signs sessions and offers"},
		"as the second":            {"secret {env.OFFER_SECRET}\nsecret {env.JWT_SECRET}", "one key signs sessions and offers"},
		"none":                     {"max_age 3d", "no key: write `secret {env.OFFER_SECRET}`, or public_key"},
		"both kinds": {
			"secret {env.OFFER_SECRET}\npublic_key /x.pem", "secret and public_key exclude each other",
		},
		"too short":    {"secret short", "offers: secret 1: has 5 bytes"},
		"unset":        {"secret {env.NOT_SET}", "NOT_SET"},
		"too long":     {"secret {env.OFFER_SECRET}\nmax_age 401d", "max_age 9624h0m0s is more than 400d"},
		"negative age": {"secret {env.OFFER_SECRET}\nmax_age -1h", "is negative"},
		"no such option": {
			"secret {env.OFFER_SECRET}\nleeway 3s", "leeway",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("JWT_BASE64", "YSB0ZXN0J3Mgb3duIHNpZ25pbmcga2V5LCAzMiBieXRlcyBvciBtb3Jl")
			config := strings.Replace(offersSite, "secret base64:{env.OFFER_SECRET_OLD}\n", "", 1)
			config = strings.Replace(config, "secret {env.OFFER_SECRET}\n\t\t\tmax_age 10d", test.block, 1)
			err := s.reload("{" + offersWith(config, "", ""))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("in a route", func(t *testing.T) {
		config := strings.Replace(offersSite, "checkout_link /in listed {",
			"checkout_link /in listed {\n\t\tjwt {\nsecret {env.OFFER_SECRET}\nfrom cookie other\n}", 1)
		err := s.reload("{" + offersWith(config, "", ""))
		if err == nil || !strings.Contains(err.Error(), "one key signs sessions and offers") {
			t.Errorf("got %v", err)
		}
	})
	// The configuration before goes on.
	s.getsLink(s.opens("/go", offer(t, jwt.MapClaims{"campaign": "mailing"})), "")
}

// A route says where the offer stands, and its mistakes have a line.
func TestOfferPlaceMistakes(t *testing.T) {
	s := offerShop(t)
	const place = "offer query offer\n\t\tanonymous guest\n\t}\n\tcheckout_link /in"
	for written, want := range map[string]string{
		"offer":                            "offer takes a place and its name or number",
		"offer query":                      "offer takes a place and its name or number",
		"offer cookie offer":               "offer takes a place and its name or number",
		"offer path x":                     "offer path x: segments are numbers, counted from 0",
		"offer path -1":                    "segments are counted from 0",
		"offer query {a}":                  "is not the name of a parameter",
		"offer query a\n\t\toffer query b": "offer",
	} {
		config := strings.Replace(offersSite, place, strings.Replace(place, "offer query offer", written, 1), 1)
		err := s.reload("{" + offersWith(config, "", ""))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Caddyfile:") {
			t.Errorf("%s: %v, want %q", written, err, want)
		}
	}
	// Without keys nothing could be read, and without guests nobody would be known.
	keys := "offers {\n\t\t\tsecret base64:{env.OFFER_SECRET_OLD}\n\t\t\tsecret {env.OFFER_SECRET}\n\t\t\tmax_age 10d\n\t\t}"
	err := s.reload("{" + offersWith(strings.Replace(offersSite, keys, "", 1), "", ""))
	if err == nil || !strings.Contains(err.Error(), "offer: nothing verifies signed offers") {
		t.Errorf("without keys: %v", err)
	}
	for policy, good := range map[string]bool{"guest": true, "deny": false, "next": false} {
		err := s.reload(`{
	checkout {
		api_url {$API}
		offers {
			secret {env.OFFER_SECRET}
		}
		campaign mailing {
			link_id 13
			quote 9.99 EUR
		}
	}
}
http:// {
	checkout_link /go {
		offer query offer
		anonymous ` + policy + `
	}
	checkout_offer /page {
		offer query offer
	}
	respond /page "{http.checkout.price}"
}
`)
		if good != (err == nil) || !good && !strings.Contains(err.Error(), "who the shopper is") {
			t.Errorf("anonymous %s without a jwt: %v", policy, err)
		}
		if !good {
			continue
		}
		token := offer(t, jwt.MapClaims{"campaign": "mailing"})
		s.getsLink(s.opens("/go", token), "")
		if body, _ := io.ReadAll(s.opens("/page", token).Body); string(body) != "9.99" {
			t.Errorf("the page shows %s", body)
		}
		personal := offer(t, jwt.MapClaims{"campaign": "mailing", "sub": "ann@example.com"})
		s.fails(s.opens("/go", personal), http.StatusUnauthorized)
	}
}

// Page, link and embedded form take the same offer, and refuse the same.
func TestOfferInAForm(t *testing.T) {
	s := offerShop(t)
	token := offer(t, jwt.MapClaims{
		"campaign": "form", "values": values{"name": "Ann"}, "jti": t.Name(),
	})
	res := s.opens("/form", token)
	start := s.body(res)
	parameters, _ := start["customParameters"].(map[string]any)
	if res.StatusCode != http.StatusOK || start["packageId"] != "pro-monthly" ||
		parameters["greeting"] != "Ann" {
		t.Fatalf("the form starts with %d %v", res.StatusCode, start)
	}
	if attribution, _ := parameters["checkout"].(string); !strings.Contains(attribution, "&o=") {
		t.Errorf("a payment in the form spends no offer: %s", attribution)
	}
	body, _ := io.ReadAll(s.opens("/page", token).Body)
	if string(body) != "form|9.90||Ann" {
		t.Errorf("the page shows %s", body)
	}
	link := s.getsLink(s.opens("/go", token), "")
	if link.CheckoutLinkID != "21" || link.CustomParameters["greeting"] != "Ann" {
		t.Errorf("the link is %s, %v", link.CheckoutLinkID, link.CustomParameters)
	}
	s.pays(link.URL, sandbox.As("ann@example.com"))
	for token, outcome := range map[string]string{
		token:         "offer_spent",
		token + "x":   "bad_offer_token",
		"not a token": "bad_offer_token",
		offer(t, jwt.MapClaims{"campaign": "mailing"}): "bad_offer", // it has no package
	} {
		if got := s.opens("/form", token).Header.Get("X-Outcome"); got != outcome {
			t.Errorf("the form answers %q, want %q", got, outcome)
		}
	}
	s.reachesNext(s.click("/form"))
	personal := offer(t, jwt.MapClaims{"campaign": "form", "sub": "ann@example.com"})
	s.fails(s.opens("/form", personal), http.StatusUnauthorized)
	got := s.body(s.opens("/form", personal, by("ann@example.com")))["subscriberId"]
	if got != "ann@example.com" {
		t.Errorf("the form of Ann is for %v", got)
	}
}
