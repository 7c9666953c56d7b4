package auth_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/auth"
)

// described makes the user that claims describe.
func described(t testing.TB, claims string) *auth.User {
	t.Helper()
	user, err := newAuth(t, withSecret()).UnverifiedUser([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// TestValueKeepsItsType wants claims as expressions see them.
func TestValueKeepsItsType(t *testing.T) {
	for raw, want := range map[string]any{
		`true`: true, `false`: false, `"pro"`: "pro", `"true"`: "true", `"10"`: "10",
		`"line\nbreak"`: "line\nbreak",

		`0`: int64(0), `-0`: int64(0), `10`: int64(10), `-7`: int64(-7),
		`9007199254740993`:     int64(9007199254740993),
		`-9007199254740993`:    int64(-9007199254740993),
		`9223372036854775807`:  int64(math.MaxInt64),
		`-9223372036854775808`: int64(math.MinInt64),
		`9223372036854775808`:  uint64(math.MaxInt64 + 1),
		`18446744073709551615`: uint64(math.MaxUint64),
		`9007199254740993.0`:   int64(9007199254740993),
		`9007199254740993.000`: int64(9007199254740993),
		`90071992547409930e-1`: int64(9007199254740993),
		`900719925474099.3E+1`: int64(9007199254740993),
		`1E3`:                  int64(1000),
		`0.0`:                  int64(0),
		`0e9999`:               int64(0),

		`1.5`: 1.5, `-0.25`: -0.25, `1e-3`: 0.001, `19.99`: 19.99,
		`18446744073709551616`:    18446744073709551616.0,
		`-9223372036854775809`:    -9223372036854775809.0,
		`1e300`:                   1e300,
		`1e400`:                   math.Inf(1),
		`-1e99999999999999999999`: math.Inf(-1),
		`1e-99999999999999999999`: 0.0,

		`[]`:                      []any{},
		`["a", 1, true, null]`:    []any{"a", int64(1), true, nil},
		`[["a"],{"b":[1.5]}]`:     []any{[]any{"a"}, map[string]any{"b": []any{1.5}}},
		`{}`:                      map[string]any{},
		`{"a":1,"b":{"c":false}}`: map[string]any{"a": int64(1), "b": map[string]any{"c": false}},
	} {
		got, ok := described(t, `{"x":`+raw+`}`).Value("x")
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s: %T %v, %t: %s", raw, got, got, ok, diff)
		}
	}
}

// TestValueOfPaths wants Value to find what Claim finds, and nothing else.
func TestValueOfPaths(t *testing.T) {
	user := described(t, `{"n":1,"a.b":2,"a":{"b":3,"c":4},"custom:plan":"free",
		"https://shop.example.com/level":5,"null":null,"empty":"","deep":{"null":null}}`)
	for path, want := range map[string]any{
		"n": int64(1), "a.b": int64(2), "a.c": int64(4), "custom:plan": "free",
		"https://shop.example.com/level": int64(5),
	} {
		if got, ok := user.Value(path); !ok || got != want {
			t.Errorf("%s is %v, %t; want %v", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "missing", "null", "empty", "deep.null", "n.x", "N"} {
		if got, ok := user.Value(path); ok || got != nil {
			t.Errorf("%s is %v, want nothing", path, got)
		}
	}
	if got, ok := new(auth.User).Value("n"); ok || got != nil {
		t.Error("a zero User has no claims")
	}
}

// TestWholeNumbersAreExact holds our reading against math/big, for every way to write a number.
func TestWholeNumbersAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		want := int64(random.Uint64()) >> random.IntN(64)
		text := strconv.FormatInt(want, 10)
		switch zeros := random.IntN(4); random.IntN(3) {
		case 1:
			text += "." + "0000"[:1+zeros]
		case 2:
			if want == 0 {
				continue // 00e-1 is no number
			}
			text += "0000"[:1+zeros] + "e-" + strconv.Itoa(1+zeros)
		}
		exact, _ := new(big.Rat).SetString(text)
		if !exact.IsInt() || exact.Num().Int64() != want {
			t.Fatalf("the test writes %s for %d", text, want)
		}
		if got, _ := described(t, `{"x":`+text+`}`).Value("x"); got != want {
			t.Fatalf("%s is %T %v, want %d", text, got, got, want)
		}
	}
}

// TestClaimIs is about what a matcher for a claim compares.
func TestClaimIs(t *testing.T) {
	user := described(t, `{"plan":"pro","premium":true,"trial":false,"level":10,"price":19.90,
		"big":9007199254740993,"exp3":1E3,"roles":["admin","beta"],"mixed":[1,true,null,"x",["y"]],
		"custom:plan":"free","https://shop.example.com/plan":"gold","a.b":"exact","a":{"b":"path"},
		"o":{"x":1},"text10":"10","texttrue":"true","null":null,"empty":"","none":[],
		"escaped":"a\u00e9","user":{"roles":["staff"]}}`)
	for _, test := range []struct {
		path   string
		values []string
		want   bool
	}{
		{"plan", []string{"pro"}, true},
		{"plan", []string{"free", "pro"}, true},
		{"plan", []string{"Pro"}, false},
		{"plan", []string{"pro "}, false},
		{"plan", []string{""}, false},
		{"plan", nil, false},
		{"custom:plan", []string{"free"}, true},
		{"https://shop.example.com/plan", []string{"gold"}, true},
		{"a.b", []string{"exact"}, true},
		{"a.b", []string{"path"}, false},
		{"premium", []string{"true"}, true},
		{"premium", []string{"True"}, false},
		{"premium", []string{"1"}, false},
		{"trial", []string{"false"}, true},
		{"texttrue", []string{"true"}, true},
		{"level", []string{"10"}, true},
		{"level", []string{"10.0"}, true},
		{"level", []string{"1e1"}, true},
		{"level", []string{"010"}, false},
		{"level", []string{"+10"}, false},
		{"level", []string{" 10"}, false},
		{"level", []string{"0x0a"}, false},
		{"level", []string{"1"}, false},
		{"text10", []string{"10"}, true},
		{"text10", []string{"10.0"}, false},
		{"price", []string{"19.90"}, true},
		{"price", []string{"19.9"}, true},
		{"price", []string{"19.91"}, false},
		{"exp3", []string{"1000"}, true},
		{"big", []string{"9007199254740993"}, true},
		{"big", []string{"9007199254740992"}, false},
		{"roles", []string{"beta"}, true},
		{"roles", []string{"owner", "admin"}, true},
		{"roles", []string{`["admin","beta"]`}, false},
		{"roles", []string{"admin,beta"}, false},
		{"user.roles", []string{"staff"}, true},
		{"mixed", []string{"1"}, true},
		{"mixed", []string{"true"}, true},
		{"mixed", []string{"null"}, false},
		{"mixed", []string{"y"}, false},
		{"none", []string{""}, false},
		{"o", []string{`{"x":1}`}, false},
		{"o.x", []string{"1"}, true},
		{"null", []string{"null", ""}, false},
		{"empty", []string{""}, false},
		{"missing", []string{""}, false},
		{"escaped", []string{"aé"}, true},
	} {
		if got := user.ClaimIs(test.path, test.values...); got != test.want {
			t.Errorf("%s is one of %q: %t", test.path, test.values, got)
		}
	}
	if new(auth.User).ClaimIs("plan", "pro") {
		t.Error("a zero User has no claims")
	}
}

// FuzzValue holds typed claims against encoding/json's reading of them.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		"1", "-0", "1.50", "1E400", "9007199254740993.0", "[1,[true,null]]", `{"a":{"b":"c"}}`,
		`"x"`, "0.1e1", "100e-2", "123456789012345678901234567890",
	} {
		f.Add(seed)
	}
	a := newAuth(f, withSecret())
	f.Fuzz(func(t *testing.T, raw string) {
		user, err := a.UnverifiedUser([]byte(`{"x":` + raw + `}`))
		if err != nil {
			return
		}
		got, ok := user.Value("x")
		var want any
		if err := json.Unmarshal([]byte(raw), &want); err != nil {
			return // a number that no float64 holds, or more than one member
		}
		if !ok {
			if want != nil && want != "" {
				t.Errorf("%s is missing", raw)
			}
			return
		}
		if gotText, wantText := asFloats(got), asFloats(want); gotText != wantText {
			t.Errorf("%s is %s, encoding/json says %s", raw, gotText, wantText)
		}
		if text, isNumber := user.Claim("x"); isNumber && text == raw {
			switch got.(type) {
			case bool, int64, uint64, float64, string:
				if !user.ClaimIs("x", raw) {
					t.Errorf("%s is not what it says", raw)
				}
			}
		}
	})
}

// asFloats prints a value whose numbers are float64, as encoding/json reads them.
func asFloats(value any) string {
	switch value := value.(type) {
	case int64:
		return asFloats(float64(value))
	case uint64:
		return asFloats(float64(value))
	case float64:
		if value == 0 {
			value = 0 // not minus zero
		}
		return fmt.Sprint("number ", value)
	case []any:
		text := "["
		for _, element := range value {
			text += asFloats(element) + ","
		}
		return text + "]"
	case map[string]any:
		parts := map[string]string{}
		for name, element := range value {
			parts[name] = asFloats(element)
		}
		return fmt.Sprint(parts)
	}
	return fmt.Sprintf("%T %v", value, value)
}
