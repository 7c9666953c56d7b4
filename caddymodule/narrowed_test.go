package caddymodule_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// condition writes a random condition of a campaign. Values are few, so that many requests match.
// Loose ones hold for most of them.
func condition(dice *rand.Rand, loose bool) string {
	v := func() string { return fmt.Sprintf("v%d", dice.IntN(30)) }
	one := func() string {
		kinds := 8
		if loose {
			kinds = 11
		}
		switch dice.IntN(kinds) {
		case 0:
			return "query ref=" + v()
		case 1:
			return "query ref=" + v() + " lang=" + v()
		case 2:
			return `expression {http.request.uri.query.ref} == "` + v() + `" && {http.checkout.claim.plan} > 3`
		case 3:
			return "header X-Kind " + v()
		case 4:
			return "path /*/" + strings.ToUpper(v()) + " /a/" + v()
		case 5:
			return "vars {http.request.uri.query.ref} " + v() + " " + v()
		case 6:
			return "checkout_claim plan " + v() + " 7 true"
		case 7:
			return `expression {http.checkout.claim.plan} == "` + v() + `"`
		case 8:
			return "query ref=*"
		case 9:
			return `expression {http.checkout.claim.plan} > 3 || {http.request.uri.query.ref} == "` + v() + `"`
		}
		return `expression !({http.request.uri.query.ref} == "` + v() + `")`
	}
	var text strings.Builder
	for range 1 + dice.IntN(2) {
		fmt.Fprintf(&text, "match {\n%s\n", one())
		if dice.IntN(3) == 0 {
			text.WriteString("method GET\n")
		}
		text.WriteString("}\n")
	}
	if dice.IntN(4) == 0 {
		return "partner " + v() + " " + v() + "\n" + text.String()
	}
	if dice.IntN(6) == 0 {
		return "until 2020-01-01T00:00:00Z\n" + text.String()
	}
	return text.String()
}

// TestALongListChoosesAsAskingAllOfIt holds the index of campaigns against the plain loop, which a
// list with a placeholder has.
func TestALongListChoosesAsAskingAllOfIt(t *testing.T) {
	partnersFile(t, "code\nv0\nv1\nv2\nv3\nv4\nv5\nv6\nv7\n")
	t.Setenv("NOTHING", "")
	for seed := range uint64(4) {
		dice := rand.New(rand.NewPCG(seed, 1))
		var campaigns, names strings.Builder
		for i := range 60 {
			fmt.Fprintf(&campaigns, "campaign c%d {\nlink_id %d\n%s}\n", i, i+1, condition(dice, i >= 50))
			fmt.Fprintf(&names, " c%d", i)
		}
		s := openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		partners {env.PARTNERS} {
			from query partner
		}
`+campaigns.String()+`	}
}

http:// {
	@indexed header X-Way indexed
	@plain header X-Way plain
	checkout_offer @indexed`+names.String()+`
	checkout_offer @plain`+names.String()+` {env.NOTHING}
	respond "{http.checkout.campaign}"
}
`)
		chosen := map[string]int{}
		for range 300 {
			path, with := anyRequest(dice)
			get := func(way string) string {
				res := s.click(path, append(with, header("X-Way", way))...)
				body, _ := io.ReadAll(res.Body)
				return string(body)
			}
			indexed, plain := get("indexed"), get("plain")
			if indexed != plain {
				t.Fatalf("seed %d: %s gets %q by the index and %q by asking all", seed, path, indexed, plain)
			}
			chosen[plain]++
		}
		if len(chosen) < 10 {
			t.Errorf("seed %d: only %v were chosen", seed, chosen)
		}
	}
}

// anyRequest is a request with some of what conditions ask for.
func anyRequest(dice *rand.Rand) (path string, with []func(*request)) {
	v := func() string { return fmt.Sprintf("v%d", dice.IntN(30)) }
	query := url.Values{}
	for _, name := range []string{"ref", "lang", "partner"} {
		if dice.IntN(2) == 0 {
			query.Add(name, v())
		}
		if dice.IntN(8) == 0 {
			query.Add(name, v())
		}
	}
	path = "/" + []string{"a", "b", "A"}[dice.IntN(3)] + []string{"/", "//", "/./"}[max(0, dice.IntN(6)-3)] + v()
	path += "?" + query.Encode()
	if dice.IntN(20) == 0 {
		path += "&%zz"
	}
	if dice.IntN(2) == 0 {
		with = append(with, header("X-Kind", v()))
	}
	if dice.IntN(3) > 0 {
		plan := []any{v(), 7, 2, true, []string{v(), "v1"}, nil, 5.5}[dice.IntN(7)]
		with = append(with, as(jwt.MapClaims{"email": "ann@example.com", "sub": "a", "plan": plan}))
	}
	if dice.IntN(4) == 0 {
		with = append(with, method(http.MethodPost))
	}
	return path, with
}
