package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"
)

// TestExplainWhereAnotherHandlerVerifies: a site that only uses identity could not be asked about
// at all.
func TestExplainWhereAnotherHandlerVerifies(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("pass"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_HASH", string(hash))
	srv := openServer(t, `{`+serverOptions+`
	checkout {
		api_url {$API}
		campaign split {
			link_id 1
			experiment split-identity {
				variant control 50%
				variant cheaper 50%
			}
		}
	}
}

http:// {`+serverSite+`
	basic_auth {
		ann@example.com {$PASSWORD_HASH}
		dan@example.com {$PASSWORD_HASH}
		eve@example.com {$PASSWORD_HASH}
	}
	checkout_link /upgrade split {
		identity {http.auth.user.id} email
	}
}
`)
	if e := srv.explain(`{}`); e.Outcome != "anonymous" || e.Campaign != "split" {
		t.Errorf("an anonymous visitor: %+v", e)
	}
	for _, email := range []string{"ann@example.com", "dan@example.com", "eve@example.com"} {
		// The other claims are not there when such a user clicks, so they must not choose their
		// variant.
		e := srv.explain(`{"claims":{"sub":"4711","plan":"pro","email":"` + email + `"}}`)
		_, body := srv.click("/upgrade", wantJSON,
			func(r *request) { r.SetBasicAuth(email, "pass") })
		var click struct{ Variant string }
		if err := json.Unmarshal(body, &click); err != nil || e.Outcome != "link" ||
			click.Variant != e.Variant || e.APIRequest.Body["subscriberId"] != email {
			t.Errorf("%s has variant %q, explain said %q, %+v: %v", email, click.Variant, e.Variant,
				e.APIRequest, err)
		}
	}
	if e := srv.explain(`{"claims":{"email":"4711"}}`); e.Outcome != "no_subscriber" {
		t.Errorf("nobody: %+v", e)
	}
	res, body := srv.admin(http.MethodPost, "/checkout/explain",
		`{"claims":{"email":"a@example.com","email":"b@example.com"}}`)
	if res.StatusCode != http.StatusBadRequest ||
		!strings.Contains(string(body), "claims_duplicate") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestExplainTellsTheSubscriberByHashOnly(t *testing.T) {
	srv := openServer(t, saleServer)
	e := srv.explain(`{
		"campaigns": ["d-rest"],
		"claims": {
			"email": "ann@example.com", "email_verified": false, "phone_number": "+90 555",
			"sub": "0D2AC8E4-7A1D-4F7B-9E06-0C6B2A9E4C11"
		},
		"request": {"client_ip": "::ffff:203.0.113.7"}
	}`)
	want := []string{
		"email: not verified",
		"phone_number: not a phone number in E.164 form, such as " +
			"+905551112233", "sub: taken as uuid",
	}
	if diff := cmp.Diff(want, e.Subscriber.Claims); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if e.Subscriber.Kind != "uuid" || len(e.Subscriber.Hash) != 22 || e.ClientIP != "203.0.113.7" ||
		e.APIRequest.Body["subscriberIpAddress"] != "203.0.113.7" {
		t.Errorf("%+v, address %q", e.Subscriber, e.ClientIP)
	}
	if nobody := srv.explain(`{"claims":{"sub":"4711"}}`); nobody.Outcome != "no_subscriber" ||
		nobody.Subscriber.Hash != "" {
		t.Errorf("%+v", nobody)
	}
	if anonymous := srv.explain(`{}`); anonymous.Outcome != "anonymous" ||
		anonymous.Campaign != "c-sale" {
		t.Errorf("%+v", anonymous)
	}
	staff := srv.explain(`{"jwt":"staff","claims":{"email":"ann@example.com"}}`)
	if staff.Outcome != "no_subscriber" || len(staff.Untrusted) != 1 ||
		!strings.Contains(staff.Untrusted[0], "packageLabel") {
		t.Errorf("%+v", staff)
	}
}

// TestExplainFindsTheOnlyIdentity: the smallest site writes its jwt block inside the route, where
// it has no name.
func TestExplainFindsTheOnlyIdentity(t *testing.T) {
	const small = `{` + serverOptions + `
	checkout {
		api_url {$API}
	}
}

http:// {` + serverSite + `
	checkout_link /upgrade {
		link_id 123
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
	checkout_offer /plans link-123 {
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}
`
	srv := openServer(t, small)
	if e := srv.explain(`{"claims":{"email":"ann@example.com"}}`); e.Outcome != "link" ||
		e.Campaign != "link-123" {
		t.Errorf("%+v", e)
	}
	second := strings.Replace(small, "from cookie session", "from cookie other", 1)
	if err := srv.reload(second); err != nil {
		t.Fatal(err)
	}
	res, body := srv.admin(http.MethodPost, "/checkout/explain", `{}`)
	if res.StatusCode != http.StatusBadRequest ||
		!strings.Contains(string(body), "there are 2 identities") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
