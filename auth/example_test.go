package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// A site that signs its own session cookie with HS256.
func Example() {
	users, err := auth.New(auth.Config{
		Secrets:       []string{"at least 32 bytes of real randomness"},
		From:          []auth.Source{{In: "cookie", Name: "session"}},
		TrustedClaims: []string{"plan"},
	})
	if err != nil {
		fmt.Println(err) // names the option and the fix
		return
	}

	account := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := users.Authenticate(r)
		var refusal *auth.RefusedError
		switch {
		case errors.Is(err, auth.ErrNoToken):
			http.Error(w, "please sign in", http.StatusUnauthorized)
		case errors.As(err, &refusal):
			http.Error(
				w,
				"please sign in again",
				http.StatusUnauthorized,
			) // refusal.Rule is for the log
		case errors.Is(err, auth.ErrKeysUnavailable):
			http.Error(w, "please try again in a moment", http.StatusServiceUnavailable)
		case !user.Subscriber.Known():
			http.Error(w, "this account has no e-mail address", http.StatusForbidden)
		default:
			plan, _ := user.Claim("plan")
			fmt.Fprintf(
				w,
				"%s %s has the plan %s\n",
				user.Subscriber.Kind,
				user.Subscriber.ID,
				plan,
			)
		}
	})

	for _, cookie := range []string{
		"", "session=junk",
		"session=" + sessionCookie(
			`{"email":"ada@example.com","plan":"pro","exp":`+fmt.Sprint(time.Now().Unix()+600)+`}`,
		),
	} {
		r := httptest.NewRequest(http.MethodGet, "/account", nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		account.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 401 please sign in
	// 401 please sign in again
	// 200 email ada@example.com has the plan pro
}

// sessionCookie is what the site's backend does when somebody signs in.
func sessionCookie(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte("at least 32 bytes of real randomness"))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// A site behind an OpenID provider. The keys are found by discovery and refreshed in the
// background.
func ExampleNew_discovery() {
	users, err := auth.New(auth.Config{
		Issuer:   "https://id.example.com",
		Audience: []string{"shop"},
		From: []auth.Source{
			{In: "header", Name: "Authorization"},
			{In: "cookie", Name: "__Host-token"},
		},
		// The e-mail counts only if the provider says that it is verified; else the UUID in sub.
		SubscriberID:    []string{"email", "sub:uuid"},
		VerifiedContact: "required",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = users // go users.Run(ctx), for as long as the server runs
	// Output:
}

// Mistakes are found when the config is loaded, and say how to fix them.
func ExampleNew_mistake() {
	_, err := auth.New(auth.Config{
		JWKS: "https://id.example.com/jwks",
		From: []auth.Source{{In: "cookie", Name: "session"}},
	})
	mistake, fix, _ := strings.Cut(err.Error(), "; ")
	fmt.Println(mistake)
	fmt.Println(fix)
	// Output:
	// audience is missing: an issuer signs tokens for other apps too
	// write `audience <name>`, or `audience any` to accept them all
}

// A numeric database id never becomes somebody's phone number.
func ExampleParseSubscriber() {
	for _, text := range []string{
		"ada@example.com", "7D444840-9DC0-11D1-B245-5FFDCE74FAD2", "905551112233",
	} {
		s, err := auth.ParseSubscriber("", text)
		fmt.Println(s.Kind, s.ID, err)
	}
	s, err := auth.ParseSubscriber(auth.Phone, "+905551112233")
	fmt.Println(s.Kind, s.ID, err)
	// Output:
	// email ada@example.com <nil>
	// uuid 7d444840-9dc0-11d1-b245-5ffdce74fad2 <nil>
	//   neither an e-mail address nor a UUID
	// phone 905551112233 <nil>
}

// What an operator sees who asks why a user has no subscriber.
func ExampleUser_SubscriberTrace() {
	users, _ := auth.New(auth.Config{
		Secrets: []string{"correct horse battery staple, and more"},
		From:    []auth.Source{{In: "cookie", Name: "session"}},
	})
	user, _ := users.UnverifiedUser(
		[]byte(`{"email":"ada@example.com","email_verified":false,"sub":12345678}`),
	)
	for _, line := range user.SubscriberTrace() {
		fmt.Println(line)
	}
	// Output:
	// email: not verified
	// phone_number: missing
	// sub: not a string
}
