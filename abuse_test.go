package checkout_test

import (
	"encoding/base64"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestEveryAbuseRowHasATest holds the list of what may be tried against us to the tests: each row of docs/security.md has
// a test of its number, or says that it is proven by reading.
func TestEveryAbuseRowHasATest(t *testing.T) {
	tested := abuseTests(t)
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(read(t, "docs/security.md"), -1)
	const count = 70
	if len(rows) != count {
		t.Errorf("the table has %d rows, want %d", len(rows), count)
	}
	for i, row := range rows {
		n, err := strconv.Atoi(row[1])
		if err != nil || n != i+1 {
			t.Errorf("row %q stands where %d belongs", row[1], i+1)
		}
		if !tested[n] && !strings.HasPrefix(row[2], "by reading") {
			t.Errorf("no test is named TestAbuse%02d…", n)
		}
		delete(tested, n)
	}
	for n := range tested {
		t.Errorf("TestAbuse%02d… belongs to no row", n)
	}
}

// abuseTests finds the numbers in the names of all test functions of the module.
func abuseTests(t *testing.T) map[int]bool {
	t.Helper()
	name, found := regexp.MustCompile(`^TestAbuse(\d\d)[A-Z]`), map[int]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && name.MatchString(f.Name.Name) {
				n, _ := strconv.Atoi(name.FindStringSubmatch(f.Name.Name)[1])
				found[n] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// guarded is a site that is asked for everything but in the right way.
const guarded = "{" + private + `
	checkout {
		api_url {$API}
		languages en tr de
		jwt {
			secret {env.JWT_SECRET}
			issuer https://id.example.com
			audience shop
			from cookie session
			from header Authorization
			trusted_claims plan
		}
		campaign pro {
			link_id 123
			custom_parameter from {query.from}
			additional_text "Welcome, {http.checkout.claim.name}"
		}
	}
}

http:// {
	log
	checkout_link /upgrade pro
	checkout_link /guest pro {
		anonymous guest
	}
	checkout_link /login-first pro {
		anonymous redirect /login?next={http.checkout.return_to}
	}
	metrics /metrics
}
`

// with changes a request before it is sent.
type with func(*http.Request)

func header(name string, values ...string) with {
	return func(r *http.Request) { r.Header[name] = values }
}

func method(name string) with { return func(r *http.Request) { r.Method = name } }

// bearing puts a token where the site looks for it.
func bearing(token string) with { return header("Cookie", "session="+token) }

// as signs the request in as a user of the guarded site.
func as(email string) with { return bearing(tokenOf(claims(email))) }

// visit opens a path in any way.
func (s *shop) visit(t *testing.T, path string, how ...with) reply {
	t.Helper()
	got, err := s.try(t, path, how...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// try is visit for goroutines.
func (s *shop) try(t *testing.T, path string, how ...with) (reply, error) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+shopHost+path, nil)
	if err != nil {
		return reply{}, err
	}
	for _, change := range how {
		change(r)
	}
	return do(s.client, r)
}

// claims are those of a good token for the guarded site, with changes; a nil value takes a claim away.
func claims(email string, changes ...map[string]any) map[string]any {
	all := map[string]any{
		"iss": "https://id.example.com", "aud": "shop", "exp": time.Now().Add(time.Hour).Unix(), "email": email,
	}
	for _, change := range changes {
		maps.Copy(all, change)
	}
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

// tokenOf signs claims with the site's secret, under a header with changes.
func tokenOf(claims map[string]any, headers ...map[string]any) string {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims))
	for _, h := range headers {
		maps.Copy(token.Header, h)
	}
	text, err := token.SignedString([]byte(jwtSecret))
	if err != nil {
		panic(err)
	}
	return text
}

// signText signs a text as claims, whatever it is.
func signText(payload string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"HS256"}`)) + "." + b64([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(jwtSecret))
	if err != nil {
		panic(err)
	}
	return text + "." + b64(signature)
}

// denied checks that a reply is a private refusal that gives nothing away, and that the API was not asked for it.
func (s *shop) denied(t *testing.T, what string, got reply, status int) {
	t.Helper()
	if got.StatusCode != status || got.Header.Get("Location") != "" {
		t.Errorf("%s got %s and Location %q, want %d", what, got.Status, got.Header.Get("Location"), status)
	}
	wantPrivate(t, got)
}

// eventually waits for something that another process does by itself.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// person makes addresses up.
func person(i int) string { return fmt.Sprintf("person-%d@example.com", i) }
