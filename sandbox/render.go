package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
)

// pageHTML holds the templates "top", "checkout", "receipt" and "dead", salesHTML
// "sales", "sale" and "refused".
var (
	//go:embed page.html
	pageHTML string
	//go:embed sales.html
	salesHTML string
)

var pages = template.Must(template.Must(template.New("page").Parse(pageHTML)).Parse(salesHTML))

// render writes a page as a whole or not at all. Its policy allows nothing from
// elsewhere but the image that the page shows; nonce allows its own style and
// script.
func render(w http.ResponseWriter, status int, name, nonce, picture string, v any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	images := "data:"
	if u, err := url.Parse(picture); err == nil && picture != "" {
		images += " " + u.Scheme + "://" + u.Host
	}
	setPageHeader(w, fmt.Sprintf("default-src 'none'; style-src 'nonce-%[1]s'; "+
		"script-src 'nonce-%[1]s'; img-src %[2]s; form-action 'self'; base-uri 'none'; "+
		"frame-ancestors 'none'", nonce, images))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// setPageHeader keeps a page out of caches, frames, logs and search engines, as
// a page that somebody pays on must be.
func setPageHeader(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
}

// notAllowed answers 405 with the methods that are allowed.
func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
}
