package partners

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// reads is a table that is good.
func reads(t testing.TB, text string) *Table {
	t.Helper()
	table, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTablesAsSpreadsheetsWriteThem(t *testing.T) {
	for name, text := range map[string]string{
		"plain":              "code,share,note\nMIRA10,12.5,\"says \"\"hi\"\", often\"\n",
		"CRLF":               "code,share,note\r\nMIRA10,12.5,\"says \"\"hi\"\", often\"\r\n",
		"byte order mark":    "\ufeffcode,share,note\nMIRA10,12.5,\"says \"\"hi\"\", often\"\n",
		"no last line break": "code,share,note\nMIRA10,12.5,\"says \"\"hi\"\", often\"",
		"semicolons":         "code;share;note\nMIRA10;12,5;\"says \"\"hi\"\", often\"\n",
		"all of them":        "\ufeff\"code\";\"share\";\"note\"\r\n\"MIRA10\";12.5 %;\"says \"\"hi\"\", often\"\r\n",
		"another order":      "note,share,code\n\"says \"\"hi\"\", often\",12.50, MIRA10 \n",
		"empty lines":        "\ncode,share,note\n\nMIRA10,12.5,\"says \"\"hi\"\", often\"\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			table := reads(t, text)
			p, ok := table.Find("mira10")
			if !ok || table.Len() != 1 {
				t.Fatalf("found %v in %d rows", ok, table.Len())
			}
			if p.Code() != "MIRA10" || p.Share() != 1250 || p.Value("note") != `says "hi", often` {
				t.Errorf("%q gets %d, note %q", p.Code(), p.Share(), p.Value("note"))
			}
			if !slices.Equal(table.Columns(), []string{"note"}) || p.Value("other") != "" {
				t.Errorf("columns %v", table.Columns())
			}
		})
	}
}

func TestMistakesNameTheirLine(t *testing.T) {
	many := strings.Repeat("x", 65)
	for text, want := range map[string]string{
		"":                               "line 1: the table is empty: its first line names the columns, such as code,share,from,until",
		"name,share\nx,1\n":              "line 1: there is no column code",
		"code,Code\nx,1\n":               `line 1: the column name "Code" is not lower case letters, digits and _, beginning with a letter`,
		"code,\nx,1\n":                   `line 1: the column name "" is not lower case letters, digits and _, beginning with a letter`,
		"code,a,a\nx,1,2\n":              "line 1: there are two columns a",
		"code,code\nx,1\n":               "line 1: there are two columns code",
		"code,a\nx,1\n\ny\n":             "line 4: it has more or fewer cells than the header",
		"code,a\nx,1,2\n":                "line 2: it has more or fewer cells than the header",
		"code\nx\n\"\"\n":                "line 3: code: it is empty: write one, or remove the row",
		"code,a\nx,1\n  ,1\n":            "line 3: code: it is empty: write one, or remove the row",
		"code\n" + many + "\n":           "line 2: code: it has more than 64 characters",
		"code\na\tb\n":                   "line 2: code: it holds a character that cannot be printed, such as a control character or the joiner inside some emoji: retype it",
		"code\n\xff\n":                   "line 2: code: it holds a character that cannot be printed, such as a control character or the joiner inside some emoji: retype it",
		"code,a\nx,\xff\n":               "line 2: a: it is no UTF-8: save the file as UTF-8",
		"code\nMira\n\nx\nmIRA\n":        `line 5: the code "mIRA" stands on line 2 already: case and Unicode form do not tell codes apart`,
		"code\nJos\u00e9\nJOSE\u0301\n":  "line 3: the code \"JOSE\u0301\" stands on line 2 already: case and Unicode form do not tell codes apart",
		"code,share\nx,100.01\n":         `line 2: share: "100.01" is not a percentage from 0 to 100 with at most two decimals: write one such as 12.5`,
		"code,share\nx,-1\n":             `line 2: share: "-1" is not a percentage from 0 to 100 with at most two decimals: write one such as 12.5`,
		"code,share\nx,1.234\n":          `line 2: share: "1.234" is not a percentage from 0 to 100 with at most two decimals: write one such as 12.5`,
		"code,share\nx,1e1\n":            `line 2: share: "1e1" is not a percentage from 0 to 100 with at most two decimals: write one such as 12.5`,
		"code,share\nx,+1\n":             `line 2: share: "+1" is not a percentage from 0 to 100 with at most two decimals: write one such as 12.5`,
		"code,share\nx,.5\n":             `line 2: share: ".5" is not a percentage from 0 to 100 with at most two decimals: write one such as 12.5`,
		"code,from\nx,2026-11-27\n":      `line 2: from: "2026-11-27" is not an instant with its zone: write one such as 2026-11-27T00:00:00+01:00`,
		"code,until\nx,tomorrow\n":       `line 2: until: "tomorrow" is not an instant with its zone: write one such as 2026-11-27T00:00:00+01:00`,
		"code,a\nx,\"1\n":                `line 2: extraneous or missing " in quoted-field`,
		"code,a\nx,1\"2\n":               `line 2: bare " in non-quoted-field`,
		"\xff\xfec\x00o\x00d\x00e\x00\n": "line 1: the column name \"\\xff\\xfec\\x00o\\x00d\\x00e\\x00\" is not lower case letters, digits and _, beginning with a letter",
		"code,from,until\nx,2026-11-27T00:00:00Z,2026-11-27T00:00:00Z\n": "line 2: until: it is not after from",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q:\n%v, want\n%s", text, err, want)
		}
	}
}

// TestHalfAFile: what an editor has written of a row, or of a quoted cell, is no table.
func TestHalfAFile(t *testing.T) {
	whole := "code,name,share\nmira,\"Mira, the first\",10\nben,\"Ben\",20\n"
	for n := strings.Index(whole, "\"M"); n < strings.LastIndex(whole, ","); n++ {
		if whole[n-1] == '\n' || strings.HasSuffix(whole[:n], ",1") ||
			strings.HasSuffix(whole[:n], ",10") {
			continue // the end of a row
		}
		_, err := Read(strings.NewReader(whole[:n]))
		if whole[n-1] == ',' && strings.Count(whole[:n], ",") == 5 {
			continue // an empty share
		}
		if err == nil {
			t.Errorf("%q is a table", whole[:n])
		}
	}
}

func TestCodesAreComparedWithoutCaseAndUnicodeForm(t *testing.T) {
	emoji := strings.Repeat("\U0001F389", 64)
	table := reads(t, "code\nMIRA10\nJos\u00e9\nStra\u00dfe\nBen & Co\n"+emoji+"\n\u0130STANBUL\n")
	for text, want := range map[string]string{
		"MIRA10": "MIRA10", "mira10": "MIRA10", " Mira10\t": "MIRA10",
		"JOS\u00c9": "Jos\u00e9", "jose\u0301": "Jos\u00e9",
		"STRASSE": "Stra\u00dfe", "ben & co": "Ben & Co", emoji: emoji,
		"i\u0307stanbul": "\u0130STANBUL",
		"MIRA1":          "", "mira100": "", "": "", " ": "", "jose": "", "\xff": "", "mira10\x00": "",
		strings.Repeat("x", 65): "", strings.Repeat("\U0001F389", 65): "",
		strings.Repeat("x", 1<<20): "",
	} {
		p, ok := table.Find(text)
		if p.Code() != want || ok != (want != "") || ok && p.Key() != Key(text) {
			t.Errorf("%.80q is %q", text, p.Code())
		}
	}
	var none *Table
	if _, ok := none.Find("x"); ok || none.Len() != 0 {
		t.Error("no table has a row")
	}
	if _, ok := reads(t, "code\n").Find("x"); ok {
		t.Error("an empty table has a row")
	}
}

func TestLongCodesRideAsTheirHash(t *testing.T) {
	emoji := strings.Repeat("\U0001F389", 64)
	table := reads(t, "code,share\nMIRA10,10\nben & co,20\n"+emoji+",30\n"+strings.Repeat("a", 64)+",40\n"+
		strings.Repeat("\u00e9", 11)+",50\n")
	for code, asItIs := range map[string]bool{
		"MIRA10": true, "ben & co": true, strings.Repeat("a", 64): true, emoji: false,
		strings.Repeat("\u00e9", 11): false,
	} {
		p, ok := table.Find(code)
		text := p.Attribution()
		if !ok || (text == code) != asItIs || len(text) > maxEscaped {
			t.Errorf("%.20q rides as %q", code, text)
		}
		if q, ok := table.Attributed(text); !ok || q != p {
			t.Errorf("%q is %q, want %.20q", text, q.Code(), code)
		}
	}
	if _, ok := table.Attributed("#nobody"); ok {
		t.Error("a hash that is nobody's is somebody's")
	}
}

func TestPartnersAreActiveFromUntil(t *testing.T) {
	table := reads(t, "code,from,until\nboth,2026-11-01T00:00:00+01:00,2026-12-01T00:00:00+01:00\n"+
		"later,2026-11-01T00:00:00+01:00,\nuntil,,2026-12-01T00:00:00+01:00\nalways,,\n")
	begin := time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC)
	end := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		at     time.Time
		active string
	}{
		{begin.Add(-time.Second), "until always"},
		{begin, "both later until always"},
		{end.Add(-time.Second), "both later until always"},
		{end, "later always"},
	} {
		var active []string
		for _, code := range []string{"both", "later", "until", "always"} {
			if p, _ := table.Find(code); p.Active(test.at) {
				active = append(active, code)
			}
		}
		if got := strings.Join(active, " "); got != test.active {
			t.Errorf("at %s: %s, want %s", test.at, got, test.active)
		}
	}
	if (Partner{}).Active(begin) || (Partner{}).Share() != 0 || (Partner{}).Value("x") != "" ||
		(Partner{}).Code() != "" || (Partner{}).Key() != "" || (Partner{}).Attribution() != "" {
		t.Error("nobody is somebody")
	}
}

// large is a table of so many rows, as a shop would have it.
func large(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("code,name,share,from,until,discount\n")
	for i := range rows {
		fmt.Fprintf(&b, "PARTNER%06d,Partner number %d,12.5,2026-01-01T00:00:00Z,,10%%\n", i, i)
	}
	return b.Bytes()
}

// TestALargeTableIsSmall holds a table of 100,000 rows against its bound of 40 MB.
func TestALargeTableIsSmall(t *testing.T) {
	file := large(100_000)
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	table, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if bytes := int64(live()) - int64(before); bytes > 20<<20 {
		t.Errorf("100,000 partners take %d bytes", bytes)
	}
	p, ok := table.Find("partner099999")
	if !ok || table.Len() != 100_000 || p.Value("name") != "Partner number 99999" {
		t.Errorf("found %v, %+v", ok, p.Code())
	}
	allocations := testing.AllocsPerRun(100, func() {
		if p, ok := table.Find("partner054321"); !ok || p.Value("discount") != "10%" {
			t.Error("not found")
		}
	})
	if allocations != 0 {
		t.Errorf("a look-up makes %v allocations", allocations)
	}
	runtime.KeepAlive(file)
}

func TestTooManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows")
	}
	row := 0
	rows := readerFunc(func(p []byte) (int, error) {
		n := 0
		for n+16 < len(p) && row <= MaxRows+1 {
			if row == 0 {
				n += copy(p[n:], "code\n")
			} else {
				n += copy(p[n:], fmt.Sprintf("%d\n", row))
			}
			row++
		}
		if n == 0 {
			return 0, io.EOF
		}
		return n, nil
	})
	if _, err := Read(rows); err == nil || err.Error() != "line 1000002: there are more than 1000000 partners" {
		t.Errorf("got %v", err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAFileWithoutEnd(t *testing.T) {
	endless := readerFunc(func(p []byte) (int, error) {
		for i := range p {
			p[i] = 'a'
		}
		return len(p), nil
	})
	if _, err := io.Copy(io.Discard, &bounded{endless, 1 << 20}); err == nil ||
		!strings.HasPrefix(err.Error(), "it is longer than") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkRead100000(b *testing.B) {
	file := large(100_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for _, rows := range []int{1, 100_000} {
		table := reads(b, string(large(rows)))
		codes := make([]string, rows)
		for i := range codes {
			codes[i] = fmt.Sprintf("partner%06d", (i*7919)%rows)
		}
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, ok := table.Find(codes[i%rows]); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}

// FuzzRead feeds any bytes: what is read as a table finds each of its own codes again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"code\nMIRA10\n", "\ufeffcode;share\r\na;1,5\r\n", "code,from,until\nx,,2026-11-27T00:00:00Z\n",
		"code,a\n\"x\"\"y\",\"1\n2\"\n", "", "code\n\n\n", "code\n\u0130\n", "code\n\U0001F389\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := Read(bytes.NewReader(text))
		if err != nil {
			if table != nil || !strings.HasPrefix(err.Error(), "line ") {
				t.Fatalf("%v beside a table %v", err, table)
			}
			return
		}
		for row := range table.Len() {
			code := table.cell(row, 0)
			p, ok := table.Find(code)
			if !ok || p.row != row || CheckCode(code) != nil || !utf8.ValidString(code) {
				t.Fatalf("row %d with the code %q is found at %d, %v", row, code, p.row, ok)
			}
			if q, ok := table.Attributed(p.Attribution()); !ok || q != p {
				t.Fatalf("%q rides as %q, which is %q", code, p.Attribution(), q.Code())
			}
			if p.Share() > 10000 {
				t.Fatalf("%q gets %d", code, p.Share())
			}
		}
	})
}
