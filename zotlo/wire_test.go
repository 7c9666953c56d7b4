package zotlo

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestWhereTheLinkMayBe(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"as documented":          {`{"meta":{"requestId":"r","httpStatus":200},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"without meta":           {`{"result":{"onelink":"https://a/"}}`, "https://a/"},
		"meta null":              {`{"meta":null,"result":{"onelink":"https://a/"}}`, "https://a/"},
		"meta an array":          {`{"meta":[],"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code 0":           {`{"meta":{"errorCode":0},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code \"0\"":       {`{"meta":{"errorCode":"0"},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code empty":       {`{"meta":{"errorCode":""},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code null":        {`{"meta":{"errorCode":null},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"one level down":         {`{"result":{"form":{"onelink":"https://b/"}}}`, "https://b/"},
		"two places one level":   {`{"result":{"b":{"onelink":"https://b/"},"a":{"onelink":"https://a/"}}}`, "https://a/"},
		"the nearer one":         {`{"onelink":"https://c/","result":{"onelink":"https://a/","form":{"onelink":"https://b/"}}}`, "https://a/"},
		"at the top":             {`{"onelink":"https://c/","result":[]}`, "https://c/"},
		"unknown members":        {`{"x":[1,{"y":2}],"result":{"z":null,"onelink":"https://a/","padding":"x"}}`, "https://a/"},
		"not repaired":           {`{"result":{"onelink":" https://a/"}}`, " https://a/"},
		"escaped":                {`{"result":{"onelink":"https:\/\/a\/"}}`, "https://a/"},
		"two levels down is far": {`{"result":{"a":{"b":{"onelink":"https://a/"}}}}`, ""},
		"another name":           {`{"result":{"oneLink":"https://a/"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := readAnswer(http.StatusOK, []byte(c.body))
			if link := findLink(a.body); link != c.want {
				t.Errorf("found %q, want %q", link, c.want)
			}
			if e := a.judge(); e != nil {
				t.Errorf("judged %v", e)
			}
		})
	}
}

func TestCodesAndRequestIDsFitALogLine(t *testing.T) {
	for raw, want := range map[string]string{
		`"eu-1_REQ.2:3"`:                        "eu-1_REQ.2:3",
		`12345`:                                 "12345",
		`"line\nbreak"`:                         "",
		`"a b"`:                                 "",
		`"ada@example.com"`:                     "",
		`{"x":1}`:                               "",
		`"` + strings.Repeat("a", 65) + `"`:     "",
		`"` + strings.Repeat("a", 64) + `"`:     strings.Repeat("a", 64),
		`"\u001b[31mred"`:                       "",
		`true`:                                  "",
		`"400009"`:                              "400009",
		`"https://pay.example.com/secret-link"`: "",
	} {
		a := readAnswer(400, []byte(`{"meta":{"requestId":`+raw+`}}`))
		if a.requestID != want {
			t.Errorf("%s became %q, want %q", raw, a.requestID, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"meta":{"requestId":"x","httpStatus":200},"result":{"onelink":"https://pay.example.com/a"}}`,
		`{"meta":{"requestId":"x","httpStatus":400,"errorMessage":"m","errorCode":400009},"result":[]}`,
		`{"meta":{"errorCode":"500000"},"result":{"form":{"onelink":"https://pay.example.com/a"}}}`,
		`{"onelink":1,"result":null,"meta":[]}`, `[]`, `null`, `{"result":"{\"onelink\":\"https://a/\"}"}`,
	} {
		f.Add(200, []byte(seed))
	}
	results := Results()
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := readAnswer(status, body)
		e := a.judge()
		if e == nil {
			link := findLink(a.body)
			if status != http.StatusOK || a.code != "" || link != "" && !json.Valid(body) {
				t.Errorf("status %d, code %q, link %q: counted as good", status, a.code, link)
			}
			return
		}
		if !slices.Contains(results, e.Result) || e.cause == nil {
			t.Errorf("an error outside the closed sets: %+v", e)
		}
		if e.Code != label(e.Code) || e.RequestID != label(e.RequestID) {
			t.Errorf("code %q or request id %q do not fit a log line", e.Code, e.RequestID)
		}
	})
}

func TestCodesInsideA200(t *testing.T) {
	for code, want := range map[string]string{
		"429001": ResultThrottled, "500000": ResultServerError, "503001": ResultServerError, "400008": ResultRefused, "404039": ResultRefused, "5": ResultRefused, "x": ResultRefused,
	} {
		e := readAnswer(http.StatusOK, []byte(`{"meta":{"errorCode":"`+code+`"},"result":[]}`)).judge()
		if e == nil || e.Result != want || e.Code != code {
			t.Errorf("%s: %+v, want %s", code, e, want)
		}
	}
}
