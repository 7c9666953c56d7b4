package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed templates
var templates embed.FS

// view is what the pages show.
type view struct {
	Name, Title, Path string
	Visitor           visitor
	People            []person
	Next              string // of the query, and a path of this shop
	Partner           string // of the path
	Pay               string // where Zotlo's pages and its SDK are
	Offers            map[string]offer
	Purchases         []purchase
	Invoices          []invoice
	Troubles          []trouble
	Trouble           trouble
	Lines             lines
	Panel             panelView
	Status, Message   string // of an error
	Why               *explanation
	WhyPath           string
	Experiments       []experimentView
}

// pages are the templates by name, each with the layout around it; "panel" is the panel alone,
// "bare" an error in a frame.
var pages = func() map[string]*template.Template {
	layout := template.Must(template.New("").Funcs(template.FuncMap{
		"inc":   func(i int) int { return i + 1 },
		"title": title,
	}).ParseFS(templates, "templates/layout.html", "templates/panel.html", "templates/bare.html"))
	set := make(map[string]*template.Template)
	for _, name := range []string{"panel", "bare"} {
		set[name] = template.Must(layout.Lookup(name).Clone())
	}
	files, err := templates.ReadDir("templates/pages")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".html")
		page := template.Must(template.Must(layout.Clone()).ParseFS(templates,
			path.Join("templates/pages", file.Name())))
		set[name] = page.Lookup("layout")
	}
	return set
}()

// title writes the first letter large.
func title(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToTitle(first)) + s[size:]
}

// render writes a page as a whole or not at all.
func render(w http.ResponseWriter, status int, v view) {
	var b bytes.Buffer
	if err := pages[v.Name].Execute(&b, v); err != nil {
		http.Error(w, "this page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
