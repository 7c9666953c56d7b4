package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// The tests of this file keep docs/reference.md and the code together, in both directions: each compares a set of words from the
// code with the first column of a table.

func TestReferenceListsEveryWord(t *testing.T) {
	ref := readReference(t)
	campaignWords := slices.Concat(ref.words("campaign"), ref.words("Overrides"))
	for _, block := range []struct {
		in   string // the lines that open it
		want []string
	}{
		{"checkout", ref.words("The global option checkout")},
		{"checkout > project p", ref.words("project")},
		{"checkout > jwt", ref.words("jwt")},
		{"checkout > cache memory", ref.words("cache memory")},
		{"checkout > cache redis", ref.words("cache redis")},
		{"checkout > limits", ref.words("limits")},
		{"checkout > campaign c", campaignWords},
		{"checkout > campaign c > experiment e", ref.words("experiment")},
		{"checkout > campaign c > experiment e > variant v 1%", ref.words("Overrides")},
		{"checkout_link", slices.Concat(campaignWords, ref.words("checkout_link"))},
		{"checkout_offer c", ref.words("checkout_offer")},
		{"checkout_webhook", ref.words("checkout_webhook")},
	} {
		wantSame(t, block.in, knownWords(t, block.in), block.want)
	}
	wantSame(t, "the override words", campaign.Words(), ref.words("Overrides"))
}

func TestReferenceListsEveryAnswer(t *testing.T) {
	ref := readReference(t)
	wantSame(t, "the outcomes", outcomeWords(), ref.words("Outcomes"))
	wantSame(t, "the answers", constants(t, "outcomes.go", "answer"), ref.words("Answers"))
	for _, row := range ref.tables["Outcomes"] {
		word, status, message := codes(row[0])[0], row[1], row[2]
		o, known := outcomes[word]
		if !known { // the two that lead on, to a link or past it
			o = outcome{status: 303}
		}
		if text := strings.TrimPrefix(message, "–"); status != strconv.Itoa(o.status) || text != o.text {
			t.Errorf("%s is %d %q, the reference says %s %q", word, o.status, o.text, status, text)
		}
	}
	var ours []string
	for word, o := range outcomes {
		if o.ours {
			ours = append(ours, word)
		}
	}
	wantSame(t, "the outcomes that a fallback answers", ours, codes(ref.paragraph(t, "With a fallback URL, these send the shopper there instead:")))
}

func TestReferenceListsEveryMetric(t *testing.T) {
	ref := readReference(t)
	var inCode, inReference []string
	for _, c := range collectors {
		descriptions := make(chan *prometheus.Desc, 1)
		c.Describe(descriptions)
		found := regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([\w,]*)\}`).FindStringSubmatch((<-descriptions).String())
		inCode = append(inCode, found[1]+"{"+found[2]+"}")
	}
	for _, row := range ref.tables["Metrics"] {
		inReference = append(inReference, codes(row[0])[0]+"{"+strings.Join(codes(row[1]), ",")+"}")
	}
	wantSame(t, "the metrics", inCode, inReference)
}

func TestReferenceListsEveryLabelValue(t *testing.T) {
	ref := readReference(t)
	for label, inCode := range map[string][]string{
		"rule": auth.Rules(), "api": linkgen.Results(), "keys": auth.RefreshResults(),
		"webhook type":   constants(t, "../linkgen/webhook.go", "Webhook"),
		"webhook result": constants(t, "payment.go", "hook"),
	} {
		paragraph := map[string]string{
			"rule": "**Rules**", "api": "**Results of API calls**", "keys": "**Results of key refreshes**",
			"webhook type": "**Webhook types**", "webhook result": "**Webhook results**",
		}[label]
		wantSame(t, label, inCode, firstCodes(ref.tableAfter(t, paragraph)))
	}
}

func TestReferenceListsEveryPlaceholderAndField(t *testing.T) {
	ref := readReference(t)
	placeholders := []string{"claim.<path>", "override.<word>"}
	placeholders = append(placeholders, stringsIn(t, "vars.go", func(n ast.Node) []ast.Expr {
		if c, ok := n.(*ast.CaseClause); ok {
			return c.List
		}
		return nil
	})...)
	for i, name := range placeholders {
		placeholders[i] = "{" + placeholderPrefix + name + "}"
	}
	wantSame(t, "the placeholders", placeholders, ref.words("Placeholders"))
	wantSame(t, "the access-log fields", withPrefix(literals(t, "observe.go"), "checkout_"), ref.words("Access-log fields"))

	events := ref.tables["Events"]
	wantSame(t, "the events and their fields",
		slices.Concat(withPrefix(literals(t, "payment.go"), "checkout."), stringsIn(t, "payment.go", eventFields)), firstCodes(events))
}

// eventFields finds the keys of what an event carries.
func eventFields(n ast.Node) (keys []ast.Expr) {
	list, ok := n.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	if _, ok := list.Type.(*ast.MapType); !ok {
		return nil
	}
	for _, element := range list.Elts {
		keys = append(keys, element.(*ast.KeyValueExpr).Key)
	}
	return keys
}

func TestReferenceListsEveryVariableAndRoute(t *testing.T) {
	ref := readReference(t)
	p := Project{}.withDefaults()
	var variables []string
	for _, text := range []string{p.AccessKey, p.AccessSecret, p.ApplicationKey} {
		variables = append(variables, strings.TrimSuffix(strings.TrimPrefix(text, "{env."), "}"))
	}
	wantSame(t, "the environment variables", variables, ref.words("Environment variables"))

	var routes []string
	for _, route := range (adminAPI{}).Routes() {
		routes = append(routes, route.Handler.(endpoint).method+" "+route.Pattern)
	}
	var documented []string
	for _, row := range ref.tables["Admin API"] {
		documented = append(documented, codes(row[0])[0])
	}
	wantSame(t, "the admin endpoints", routes, documented)
}

func TestReferenceListsEveryKeyOfJSON(t *testing.T) {
	ref := readReference(t)
	words := make(map[string]bool)
	for heading := range ref.tables {
		for _, word := range ref.words(heading) {
			words[word] = true
		}
	}
	inCode := make(map[string]bool)
	for _, config := range []any{
		App{}, JWT{}, auth.Source{}, Limits{}, MemoryCache{}, RedisCache{}, Campaign{}, campaign.Price{}, campaign.ExperimentConfig{},
		campaign.VariantConfig{}, AfterPayment{}, LinkHandler{}, OfferHandler{}, WebhookHandler{}, Identity{},
	} {
		jsonKeys(reflect.TypeOf(config), inCode)
	}
	own := ref.words("JSON")
	for key := range inCode {
		if !words[key] {
			t.Errorf("the JSON key %q is in no table of the reference", key)
		}
	}
	for _, key := range own {
		if !inCode[key] && key != "module" { // Caddy's own inline key
			t.Errorf("the reference tells of a JSON key %q that the code does not have", key)
		}
	}
	for _, heading := range []string{"project", "jwt", "cache memory", "cache redis", "limits", "campaign", "Overrides", "experiment", "checkout_link", "checkout_webhook"} {
		for _, word := range ref.words(heading) {
			if !inCode[word] {
				t.Errorf("the word %q of %s is no JSON key", word, heading)
			}
		}
	}
}

func jsonKeys(of reflect.Type, into map[string]bool) {
	for i := range of.NumField() {
		f := of.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && key == "":
			jsonKeys(f.Type, into)
		case key != "" && key != "-":
			into[key] = true
		}
	}
}

// knownWords asks a block for its words: the error about one that it does not know names them all.
func knownWords(t *testing.T, block string) []string {
	t.Helper()
	config := "_"
	for _, line := range slices.Backward(strings.Split(block, " > ")) {
		config = line + " {\n" + config + "\n}"
	}
	site := ":80 "
	if strings.HasPrefix(block, "checkout ") || block == "checkout" {
		site = "" // the global options
	}
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	_, _, err := adapter.Adapt([]byte(site+"{\n"+config+"\n}"), nil)
	if err == nil {
		t.Fatalf("%s knows the word _", block)
	}
	_, list, ok := strings.Cut(err.Error(), "known here are ")
	if !ok {
		t.Fatalf("%s: %v", block, err)
	}
	list, _, _ = strings.Cut(list, ", at ")
	return strings.Split(list, ", ")
}

// constants are the values of a file's string constants whose names begin with prefix.
func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	return stringsIn(t, file, func(n ast.Node) []ast.Expr {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, prefix) {
			return v.Values
		}
		return nil
	})
}

// literals are all string literals of a file.
func literals(t *testing.T, file string) []string {
	t.Helper()
	return stringsIn(t, file, func(n ast.Node) []ast.Expr {
		if e, ok := n.(ast.Expr); ok {
			return []ast.Expr{e}
		}
		return nil
	})
}

// stringsIn are the string literals among the expressions that pick finds in a file.
func stringsIn(t *testing.T, file string, pick func(ast.Node) []ast.Expr) (found []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		for _, e := range pick(n) {
			if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					found = append(found, text)
				}
			}
		}
		return true
	})
	return found
}

func withPrefix(words []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return !strings.HasPrefix(w, prefix) || strings.Contains(w, ":") || strings.Contains(w, " ")
	})
}

// reference is docs/reference.md: its tables by heading, and its text.
type reference struct {
	text   string
	tables map[string][][]string
}

func readReference(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile("../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	ref := reference{text: string(text), tables: make(map[string][][]string)}
	heading := ""
	for line := range strings.Lines(ref.text) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			heading = strings.ReplaceAll(strings.TrimSpace(title), "`", "")
		}
		if row := cells(line); row != nil {
			ref.tables[heading] = append(ref.tables[heading], row)
		}
	}
	return ref
}

// cells cuts a table's row that begins with code; it is nil for every other line.
func cells(line string) []string {
	if !strings.HasPrefix(line, "| `") {
		return nil
	}
	row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}

var inlineCode = regexp.MustCompile("`([^`]+)`")

// codes are the pieces of code in a text.
func codes(text string) (found []string) {
	for _, m := range inlineCode.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// firstCodes are what the rows of a table are about: the first word of the first cell.
func firstCodes(table [][]string) []string {
	words := make([]string, 0, len(table))
	for _, row := range table {
		word, _, _ := strings.Cut(codes(row[0])[0], " ")
		words = append(words, word)
	}
	return words
}

func (r reference) words(heading string) []string { return firstCodes(r.tables[heading]) }

// after is the text from where a sentence begins.
func (r reference) after(t *testing.T, begin string) string {
	t.Helper()
	_, rest, ok := strings.Cut(r.text, begin)
	if !ok {
		t.Fatalf("the reference does not say %q", begin)
	}
	return rest
}

// paragraph is the rest of a sentence, up to its full stop.
func (r reference) paragraph(t *testing.T, begin string) string {
	t.Helper()
	text, _, _ := strings.Cut(r.after(t, begin), ".")
	return strings.ReplaceAll(text, "`no_campaign` with its 502", "`no_campaign`")
}

// tableAfter is the first table below a paragraph.
func (r reference) tableAfter(t *testing.T, begin string) (table [][]string) {
	t.Helper()
	for line := range strings.Lines(r.after(t, "\n"+begin)) {
		if row := cells(line); row != nil {
			table = append(table, row)
		} else if table != nil {
			break
		}
	}
	return table
}

// wantSame compares two sets of words.
func wantSame(t *testing.T, what string, inCode, inReference []string) {
	t.Helper()
	set := func(words []string) []string {
		unique := make(map[string]bool)
		for _, w := range words {
			unique[w] = true
		}
		return slices.Sorted(maps.Keys(unique))
	}
	if diff := cmp.Diff(set(inCode), set(inReference)); diff != "" {
		t.Errorf("%s: in the code (-), in the reference (+):\n%s", what, diff)
	}
}
