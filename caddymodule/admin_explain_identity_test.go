package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

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
	o := openOffice(t, `{`+officeOptions+`
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

http:// {`+officeSite+`
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
	if e := o.explain(`{}`); e.Outcome != "anonymous" || e.Campaign != "split" {
		t.Errorf("a stranger: %+v", e)
	}
	for _, email := range []string{"ann@example.com", "dan@example.com", "eve@example.com"} {
		// The other claims are not there when such a user clicks, so they must not choose his
		// variant.
		e := o.explain(`{"claims":{"sub":"4711","plan":"pro","email":"` + email + `"}}`)
		_, body := o.click("/upgrade", wantJSON, func(r *request) { r.SetBasicAuth(email, "pass") })
		var click struct{ Variant string }
		if err := json.Unmarshal(body, &click); err != nil || e.Outcome != "link" ||
			click.Variant != e.Variant || e.APIRequest.Body["subscriberId"] != email {
			t.Errorf("%s has variant %q, explain said %q, %+v: %v", email, click.Variant, e.Variant,
				e.APIRequest, err)
		}
	}
	if e := o.explain(`{"claims":{"email":"4711"}}`); e.Outcome != "no_subscriber" {
		t.Errorf("nobody: %+v", e)
	}
	if res, body := o.admin(http.MethodPost, "/checkout/explain",
		`{"claims":{"email":"a@example.com","email":"b@example.com"}}`); res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "claims_duplicate") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
