package auth_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

func (x *attacker) none() {
	own := x.signer.sign(x.t, x.head(""), x.body(""))
	ownSignature := own[strings.LastIndexByte(own, '.')+1:]
	for _, alg := range []string{
		`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `"none "`, `" none"`, `""`, `null`, `0`, `["none"]`,
		`["` + x.signer.alg + `"]`, `{"alg":"none"}`,
		`true`, `"none\u0000"`, `"NoNe\n"`,
	} {
		head := b64.EncodeToString([]byte(`{"alg":` + alg + `}`))
		body := b64.EncodeToString([]byte(x.body("")))
		for _, signature := range []string{"", ownSignature, "AAAA"} {
			x.add("none "+alg, head+"."+body+"."+signature)
		}
	}
	x.signed("alg is missing", `{"typ":"`+cmp.Or(x.typ, "JWT")+`"}`, x.body(""))
	x.signed("no header", `{}`, x.body(""))
}

// types are well-signed tokens for another purpose than the site's.
func (x *attacker) types() {
	foreign := []string{
		`"offer+jwt"`, `"application/offer+jwt"`, `"OFFER+JWT"`, // no sessions
	}
	if x.typ != "" {
		x.signed("typ missing", `{"alg":"`+x.signer.alg+`","kid":"`+x.signer.kid+`"}`, x.body(""))
		foreign = []string{
			`"JWT"`, `"jwt"`, `"at+jwt"`, `"application/at+jwt"`, `null`, // sessions
			`"offer+jwt "`, `" offer+jwt"`, `"offer"`, `"offer+jwt2"`, `"xoffer+jwt"`,
			`"offer jwt"`, `"text/offer+jwt"`, `"application/application/offer+jwt"`,
			`["offer+jwt"]`, `"offer+jwt; v=1"`, `"offer+jwt,JWT"`,
		}
	}
	for _, typ := range foreign {
		x.signed("typ "+typ, x.head(`,"typ":`+typ), x.body(""))
	}
}

// confusion signs with what is public as an HMAC secret, and with keys of other kinds.
func (x *attacker) confusion() {
	for _, material := range publicMaterial() {
		for _, alg := range []string{"HS256", "HS384", "HS512"} {
			s := signer{alg: alg, private: material}
			x.add(
				"public key as secret",
				s.sign(x.t, x.bare(alg, `,"kid":"`+x.signer.kid+`x"`), x.body("")),
			)
			x.add(
				"public key as secret, kid",
				s.sign(x.t, strings.Replace(x.head(""), x.signer.alg, alg, 1), x.body("")),
			)
		}
	}
	for _, s := range outsiders() {
		x.add(
			"outsider's "+s.alg,
			s.sign(x.t, strings.Replace(x.head(""), x.signer.alg, s.alg, 1), x.body("")),
		)
		x.add("outsider's "+s.alg+" as ours", s.sign(x.t, x.head(""), x.body("")))
		x.add("ours as "+s.alg, x.otherHeader(s.alg))
	}
}

// otherHeader puts another algorithm's name over a signature of the site's own.
func (x *attacker) otherHeader(alg string) string {
	if alg == x.signer.alg {
		alg = "RS1"
	}
	return x.signer.sign(x.t, strings.Replace(x.head(""), x.signer.alg, alg, 1), x.body(""))
}

// publicMaterial is all that the public knows of the keys, in the forms in which a careless
// verifier might hold it.
func publicMaterial() [][]byte {
	var all [][]byte
	for _, private := range []any{rsaKey(), p256Key(), ed25519Key()} {
		der := must(x509.MarshalPKIXPublicKey(publicOf(private)))
		text := publicPEM(private)
		all = append(
			all,
			[]byte(text),
			[]byte(strings.TrimSpace(text)),
			[]byte(strings.ReplaceAll(text, "\n", "\r\n")),
			der,
			[]byte(base64.StdEncoding.EncodeToString(der)),
			must(json.Marshal(jwk(private, nil))),
		)
		switch public := publicOf(private).(type) {
		case *rsa.PublicKey:
			all = append(all, public.N.Bytes(), x509.MarshalPKCS1PublicKey(public),
				[]byte(pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(public))))
		case *ecdsa.PublicKey:
			point := must(public.Bytes())
			all = append(all, point, point[1:])
		case ed25519.PublicKey:
			all = append(all, public)
		}
	}
	return all
}

// keyHeaders brings a key along.
func (x *attacker) keyHeaders() {
	for _, s := range []signer{
		{alg: "RS256", private: otherRSA()}, {alg: "ES256", private: otherP256()},
	} {
		own := must(json.Marshal(jwk(s.private, map[string]any{"kid": "evil"})))
		der := base64.StdEncoding.EncodeToString(
			must(x509.MarshalPKIXPublicKey(publicOf(s.private))),
		)
		for _, more := range []string{
			`"jwk":` + string(own), `"jku":"` + x.evil + `/jwks"`, `"x5u":"` + x.evil + `/cert"`,
			`"x5c":["` + der + `"]`,
			`"x5t":"AAAA"`, `"x5t#S256":"AAAA"`, `"jku":"` + x.evil + `","jwk":` + string(own),
			`"url":"` + x.evil + `"`,
		} {
			for _, kid := range []string{`,"kid":"evil"`, `,"kid":"` + x.signer.kid + `z"`, ``} {
				x.add(
					"key in the header",
					s.sign(x.t, x.bare(s.alg, kid+","+more), x.body("")),
				)
			}
		}
	}
}

func (x *attacker) keyIDs() {
	for _, kid := range []string{
		`""`, `null`, `1`, `["a"]`, `{}`, `"` + strings.Repeat("k", 5000) + `"`, `"../../dev/null"`,
		`"/dev/null"`, `"|sleep 10"`,
		`"x' UNION SELECT '1';--"`, `"\u0000"`, `"a\r\nb"`, `"` + x.evil + `/key"`,
		`"` + x.signer.kid + ` "`, `"` + strings.ToUpper(x.signer.kid) + `K"`, `"\u0435c"`,
	} {
		for _, s := range []signer{
			{alg: "HS256", private: []byte{}},
			{alg: "HS256", private: []byte("1")},
			{alg: x.signer.alg, private: nil},
		} {
			if s.private == nil {
				for _, outsider := range outsiders() {
					if outsider.alg == x.signer.alg {
						s = outsider
					}
				}
			}
			x.add(
				"kid "+kid[:min(len(kid), 20)],
				s.sign(x.t, x.bare(s.alg, `,"kid":`+kid), x.body("")),
			)
		}
	}
}

// signatures are nearly right.
func (x *attacker) signatures() {
	own := x.signer.sign(x.t, x.head(""), x.body(""))
	dot := strings.LastIndexByte(own, '.') + 1
	signed, signature := own[:dot], own[dot:]
	raw := must(b64.DecodeString(signature))
	for name, text := range map[string]string{
		"empty": "", "one byte": "AA", "cut": signature[:len(signature)-4],
		"doubled": signature + signature, "padded": signature + "=",
		"padded twice": signature + "==", "plus": "+" + signature[1:], "slash": "/" + signature[1:],
		"blank": signature + " ", "tab": signature + "\t",
		"newline": signature[:8] + "\n" + signature[8:], "%0a": signature + "%0a",
		"CRLF": signature + "\r\n", "NUL": signature + "\x00",
		"dot": signature + ".", "comma": signature + "," + signature,
		"last character":    signature[:len(signature)-1] + next(signature[len(signature)-1]),
		"standard alphabet": base64.StdEncoding.EncodeToString(raw),
	} {
		x.add("signature "+name, signed+text)
	}
	change := func(name string, f func(b []byte) []byte) {
		x.add("signature "+name, signed+b64.EncodeToString(f(append([]byte(nil), raw...))))
	}
	for bit := range 96 {
		change(
			fmt.Sprint("bit ", bit),
			func(b []byte) []byte { b[bit*7%len(b)] ^= 1 << (bit % 8); return b },
		)
	}
	change(
		"zeros",
		func(b []byte) []byte { clear(b); return b },
	) // r = s = 0 for ECDSA: CVE-2022-21449
	change("ones", func(b []byte) []byte {
		for i := range b {
			b[i] = 0xff
		}
		return b
	})
	change("a zero before", func(b []byte) []byte { return append([]byte{0}, b...) })
	change("a zero behind", func(b []byte) []byte { return append(b, 0) })
	change("halves swapped", func(b []byte) []byte { return append(b[len(b)/2:], b[:len(b)/2]...) })
	order := p256Key().Params().N.Bytes()
	for _, half := range []string{"r", "s", "r and s"} {
		change(half+" is the group's order", func(b []byte) []byte {
			b = append(b, make([]byte, 64)...)[:64]
			if half != "s" {
				copy(b, order)
			}
			if half != "r" {
				copy(b[32:], order)
			}
			return b
		})
	}
	if private, ok := x.signer.private.(*ecdsa.PrivateKey); ok {
		der := must(ecdsa.SignASN1(nil, private, make([]byte, 32)))
		x.add("signature in DER", signed+b64.EncodeToString(der))
	}
}

func (x *attacker) structures() {
	own := x.signer.sign(x.t, x.head(""), x.body(""))
	p := strings.Split(own, ".")
	for name, token := range map[string]string{
		"one part": p[0], "two parts": p[0] + "." + p[1], "four parts": own + "." + p[2],
		"five parts": own + "..", "nothing": "...",
		"a million dots": strings.Repeat(".", 1e6),
		"JWE":            p[0] + ".." + p[1] + "." + p[2] + ".AAAA", "detached": p[0] + ".." + p[2],
		"flat JSON": `{"protected":"` + p[0] + `","payload":"` + p[1] +
			`","signature":"` + p[2] + `"}`,
		"general JSON": `{"payload":"` + p[1] + `","signatures":[{"protected":"` + p[0] +
			`","signature":"` + p[2] + `"}]}`,
		"swapped": p[1] + "." + p[0] + "." + p[2], "bearer": "Bearer " + own,
		"two tokens": own + own,
		"a mebibyte": p[0] + "." + strings.Repeat("A", 1<<20) + "." + p[2],
		"cut header": p[0][1:] + "." + p[1] + "." + p[2],
	} {
		x.add(name, token)
	}
	for _, more := range []string{
		`"b64":false`, `"b64":true`, `"b64":false,"crit":["b64"]`, `"crit":["exp"]`, `"crit":[]`,
		`"crit":["alg"]`, `"crit":"b64"`,
		`"zip":"DEF"`, `"cty":"JWT"`, `"cty":"jwt"`, `"cty":"application/jwt"`,
		`"cty":1`,
		`"typ":"logout+jwt"`, `"typ":"secevent+jwt"`, `"typ":"dpop+jwt"`, `"typ":"JOSE"`,
		`"typ":"id_token"`, `"typ":1`, `"typ":""`,
		`"typ":"application/secevent+jwt"`, `"typ":"rt+jwt"`, `"typ":"token-introspection+jwt"`,
		`"typ":"kb+jwt"`,
	} {
		x.signed("header "+more, x.head(","+more), x.body(""))
	}
	x.signed("nested", x.head(`,"cty":"JWT"`), own)
	x.signed("nested in secret", x.head(""), own)
	x.signed("just too long", x.head(""), x.body(`,"x":"`+strings.Repeat("x", 6200)+`"`))
}

// texts are JSON that two readers understand differently.
func (x *attacker) texts() {
	for _, header := range []string{
		x.head(`,"alg":"none"`), x.head(`,"alg":"` + x.signer.alg + `"`),
		x.head(`,"\u0061lg":"HS256"`), x.head(`,"Alg":"none"`), x.head(`,"ALG":"HS256"`),
		x.head(`,"Kid":"x"`), x.head(`,"kid":"a","kid":"b"`), x.head("") + "x", x.head("") + "{}",
		"\ufeff" + x.head(""), x.head(`,"x":"` + "\xff" + `"`),
		x.head(`,"x":"\ud800"`), "null", "[]", `"x"`, "1",
		x.head(`,"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)), "", "{",
	} {
		x.signed("header "+header[:min(len(header), 40)], header, x.body(""))
	}
	for _, payload := range []string{
		x.body("") + "x", x.body("") + x.body(""), "\ufeff" + x.body(""), "null", "[]", `"x"`, "1",
		"", "{", x.body(",") /* a comma too many */, "[" + x.body("") + "]",
		x.body(`,"x":"` + "\xff" + `"`), x.body(`,"x":"\ud800"`), x.body(`,"x":"` + "\x00" + `"`),
		x.body(`,"x":NaN`), x.body(`,"x":01`), x.body(`,"x":'a'`),
		x.body(`,"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)),
		x.body(`,"x":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)),
		x.body(`,"exp":9999999999`), x.body(`,"\u0065xp":1`), x.body(`,"email":"ada@example.com"`),
		x.body(`,"e\u006dail":"ada@example.com"`),
		x.body(`,"iss":"x"`), x.body(`,"aud":"y"`), x.body(`,"sub":"a","sub":"b"`),
		x.body(`,"x":{"a":1,"a":1}`),
		x.body(`,"EXP":1`), x.body(`,"Email":"ada@example.com"`), x.body(`,"SUB":"a"`),
		x.body(`,"Iss":"x"`), x.body(`,"AUD":"y"`), x.body(`,"Nbf":1`),
		x.body(`,"IAT":1`), x.body(`,"email_Verified":true`), x.body(`,"ſub":"a"`),
		x.body(`,"LOCALE":"tr"`), x.body(`,"Phone_number":"1"`),
	} {
		x.signed("claims "+payload[:min(len(payload), 40)], x.head(""), payload)
	}
}

func (x *attacker) times() {
	now := time.Now().Unix()
	base := fmt.Sprintf(`{"iss":%q,"aud":"shop","email":"eve@example.com"`, x.iss)
	x.signed("no exp", x.head(""), base+"}")
	for _, exp := range []string{
		fmt.Sprintf("%q", fmt.Sprint(now+600)), "null", "true", "[]", "{}", "-1", "0", "-0.0",
		"0.4", "1e300", "1e400", "-1e400", fmt.Sprint((now + 600) * 1000),
		fmt.Sprint(now - 600), fmt.Sprint(now - 3600), fmt.Sprint(now - 1e9),
		fmt.Sprint(now + 11*365*24*3600), fmt.Sprint(now + 24*3600 + 90), `"never"`, fmt.Sprintf("[%d]", now+600),
	} {
		x.signed("exp "+exp, x.head(""), base+`,"exp":`+exp+"}")
	}
	for _, name := range []string{"nbf", "iat"} {
		for _, value := range []string{
			fmt.Sprintf("%q", fmt.Sprint(now-600)), "true", "[]", "{}", "1e300", "1e400",
			fmt.Sprint(now * 1000), fmt.Sprint(now + 120), fmt.Sprint(now + 12*365*24*3600),
		} {
			x.signed(name+" "+value, x.head(""), x.body(`,"`+name+`":`+value))
		}
	}
}

// parties are good tokens of somebody else, or for somebody else.
func (x *attacker) parties() {
	exp := time.Now().Unix() + 600
	for _, aud := range []string{
		`42`, `{}`, `null`, `[]`, `[42,"shop"]`, `["shop",null]`, `""`, `"Shop"`, `"shop "`,
		`"sho"`, `"shop,blog"`, `"blog"`, `["blog"]`, `"any"`, `[["shop"]]`,
	} {
		x.signed(
			"aud "+aud,
			x.head(""),
			fmt.Sprintf(`{"iss":%q,"aud":%s,"exp":%d,"email":"eve@example.com"}`, x.iss, aud, exp),
		)
	}
	x.signed(
		"no aud",
		x.head(""),
		fmt.Sprintf(`{"iss":%q,"exp":%d,"email":"eve@example.com"}`, x.iss, exp),
	)
	for _, iss := range []string{
		`null`, `42`, `[]`, `["` + x.iss + `"]`, `""`, `"` + x.iss + `/"`,
		`"` + strings.ToUpper(x.iss) + `"`, `"` + x.iss + `.evil.example"`,
		`"https://evil.example"`, `" ` + x.iss + `"`,
	} {
		x.signed(
			"iss "+iss,
			x.head(""),
			fmt.Sprintf(`{"iss":%s,"aud":"shop","exp":%d,"email":"eve@example.com"}`, iss, exp),
		)
	}
	x.signed(
		"no iss",
		x.head(""),
		fmt.Sprintf(`{"aud":"shop","exp":%d,"email":"eve@example.com"}`, exp),
	)
}
