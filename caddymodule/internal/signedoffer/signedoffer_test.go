package signedoffer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

const secret = "what offers are signed with, 32 bytes or more"

// reader takes offers of ten days at most.
func reader(t testing.TB) *Reader {
	t.Helper()
	verifier, err := auth.New(auth.Config{
		Secrets: []string{secret}, Type: Type, MaxLife: 10 * 24 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return New(verifier)
}

func mint(t testing.TB, r *Reader, terms Terms) string {
	t.Helper()
	terms.Until = time.Now().Add(time.Hour)
	token, err := r.Mint(terms, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestMintedOfferIsRead(t *testing.T) {
	r := reader(t)
	token := mint(t, r, Terms{
		Campaign: "support", Values: map[string]string{"price": "4.90"},
		Subscriber: "+90 555 111 22 33", Once: true,
	})
	for range 3 { // verified, remembered, remembered with its claims
		o, err := r.Read(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if o.Campaign != "support" || o.Value("price") != "4.90" || o.Value("other") != "" ||
			o.Subscriber != "+90 555 111 22 33" || o.ID == "" || time.Until(o.Expires) < time.Minute {
			t.Errorf("read %+v", o)
		}
	}
	first, _ := r.Read(t.Context(), token)
	if again, _ := r.Read(t.Context(), token); again != first {
		t.Error("a remembered offer is read again")
	}
	plain, err := r.Read(t.Context(), mint(t, r, Terms{Campaign: "support"}))
	if err != nil || plain.ID != "" || plain.Subscriber != "" || plain.Value("price") != "" {
		t.Errorf("a plain offer: %+v, %v", plain, err)
	}
	once := Terms{Campaign: "a", Once: true}
	if first, second := mint(t, r, once), mint(t, r, once); first == second {
		t.Error("two offers are one")
	}
	if (*Offer)(nil).Value("price") != "" {
		t.Error("no offer has a value")
	}
}

// What nobody could use is not minted, and no error quotes what was asked for.
func TestMintRefuses(t *testing.T) {
	r := reader(t)
	long := strings.Repeat("x", maxValue+1)
	for name, test := range map[string]struct {
		terms Terms
		life  time.Duration
		want  string
	}{
		"too long ahead": {Terms{Campaign: "a"}, 11 * 24 * time.Hour, "max_life"},
		"in the past":    {Terms{Campaign: "a"}, -time.Hour, "expired"},
		"no campaign":    {Terms{}, time.Hour, "campaign"},
		"a bad name":     {Terms{Campaign: "a", Values: map[string]string{"A": "secret"}}, time.Hour, "a name is 1 to 64"},
		"a long value":   {Terms{Campaign: "a", Values: map[string]string{"a": long}}, time.Hour, "more than 256 characters"},
		"nobody":         {Terms{Campaign: "a", Subscriber: "secret"}, time.Hour, "no e-mail address"},
		"too many":       {Terms{Campaign: "a", Values: many(maxValues + 1)}, time.Hour, "at most 16"},
		"a huge one": {
			Terms{Campaign: "a", Values: huge()}, time.Hour, "size",
		},
	} {
		if _, err := r.Mint(test.terms, time.Now()); err == nil { // the zero Until
			t.Errorf("%s: minted", name)
		}
		test.terms.Until = time.Now().Add(test.life)
		token, err := r.Mint(test.terms, time.Now())
		if err == nil || token != "" || !strings.Contains(err.Error(), test.want) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	mint(t, r, Terms{Campaign: "a", Values: many(maxValues)})
}

// many are so many values.
func many(n int) map[string]string {
	values := make(map[string]string)
	for i := range n {
		values["v"+strings.Repeat("x", i)] = "1"
	}
	return values
}

// huge are values within every bound, whose characters are of four bytes each.
func huge() map[string]string {
	values := many(maxValues)
	for name := range values {
		values[name] = strings.Repeat("😀", maxValue)
	}
	return values
}

func TestIsFor(t *testing.T) {
	email := auth.Subscriber{Kind: auth.Email, ID: "ann@example.com"}
	phone := auth.Subscriber{Kind: auth.Phone, ID: "905551112233"}
	uuid := auth.Subscriber{Kind: auth.UUID, ID: "7d444840-9dc0-11d1-b245-5ffdce74fad2"}
	for _, test := range []struct {
		sub  string
		who  auth.Subscriber
		want bool
	}{
		{"", email, true},
		{"", auth.Subscriber{}, true},
		{"ann@example.com", email, true},
		{"Ann@Example.com", email, true},
		{"ann@example.com ", email, false},
		{"ben@example.com", email, false},
		{"ann@example.com", phone, false},
		{"ann@example.com", auth.Subscriber{}, false},
		{"+90 555 111 22 33", phone, true},
		{"00905551112233", phone, true},
		{"905551112233", phone, true},
		{"5551112233", phone, false},
		{"+905551112234", phone, false},
		{"7D444840-9DC0-11D1-B245-5FFDCE74FAD2", uuid, true},
		{"4711", uuid, false},
		{"4711", auth.Subscriber{}, false},
		{"anybody", email, false},
	} {
		o := &Offer{Subscriber: test.sub}
		if got := o.IsFor(test.who); got != test.want {
			t.Errorf("%q is for %s: %v", test.sub, test.who.ID, got)
		}
	}
}

// FuzzOffer signs any claims: what is read is within its bounds, and what is not is a refusal.
func FuzzOffer(f *testing.F) {
	for _, seed := range []string{
		`{"campaign":"a","exp":%d}`, `{"campaign":"a","values":{"price":"4.90"},"jti":"x"}`,
		`{"campaign":"a","values":{"price":4.90}}`, `{"campaign":["a"]}`, `{"campaign":null}`,
		`{"campaign":"a","values":[]}`, `{"campaign":"a","values":{"":""}}`, `{"values":{}}`, `{}`,
		`{"campaign":"a","sub":1}`, `{"campaign":"a","jti":{}}`,
	} {
		f.Add(seed)
	}
	r := reader(f)
	f.Fuzz(func(t *testing.T, claims string) {
		user, err := r.verifier.UnverifiedUser([]byte(claims))
		if err != nil {
			return
		}
		o, err := read(user)
		if err != nil {
			if _, ok := errors.AsType[*RefusedError](err); !ok {
				t.Errorf("%v is no refusal", err)
			}
			return
		}
		if o.Campaign == "" || len(o.ID) > maxID || len(o.values) > maxValues {
			t.Errorf("read %+v", o)
		}
		for name, value := range o.values {
			if !isName(name) || len([]rune(value)) > maxValue {
				t.Errorf("value %q is %q", name, value)
			}
		}
	})
}

// BenchmarkRead is an offer that is opened again and again, beside the token alone.
func BenchmarkRead(b *testing.B) {
	r := reader(b)
	token := mint(b, r, Terms{Campaign: "a", Values: many(maxValues), Once: true})
	for range 3 {
		if _, err := r.Read(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("offer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = r.Read(b.Context(), token)
		}
	})
	b.Run("token", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = r.verifier.Verify(b.Context(), token)
		}
	})
}
