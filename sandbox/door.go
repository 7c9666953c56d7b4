package sandbox

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// door lets scripts and the sandbox's own pages do what the methods of Sandbox
// do. It answers this machine alone, and no page of another site.
type door struct {
	*desk

	pages salesPages
}

// serve answers what follows DoorPath.
func (d *door) serve(w http.ResponseWriter, r *http.Request, rest string) {
	// A browser sends any site's form to loopback: the site is checked as well as the address.
	if !isLocal(r) || new(http.CrossOriginProtection).Check(r) != nil {
		http.Error(w, "only for this machine, and for no other site", http.StatusForbidden)
		return
	}
	switch {
	case r.Method == http.MethodPost:
		d.command(w, r, rest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		notAllowed(w, "GET, HEAD, POST")
	case d.pages.serve(w, rest):
	default:
		d.show(w, rest)
	}
}

// isLocal reports whether a request comes from this machine under a name of it:
// a page elsewhere may have a name that leads here. Transport has no address.
func isLocal(r *http.Request) bool {
	if r.RemoteAddr == "" {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback() && isLocalName(hostname(r.Host))
}

// isLocalName reports whether a host is this machine whatever a name server says
// (RFC 6761, section 6.3).
func isLocalName(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// show answers one of the lists.
func (d *door) show(w http.ResponseWriter, name string) {
	switch name {
	case "books":
		reply(w, http.StatusOK, map[string]any{
			"payments": d.books.Payments(), "refunds": d.books.Refunds(),
			"subscriptions": d.books.Subscriptions(),
		})
	case "links":
		reply(w, http.StatusOK, shownLinks(d.books.Links()))
	case "webhooks":
		reply(w, http.StatusOK, shownEvents(d.mail.Events()))
	case "doubts":
		reply(w, http.StatusOK, d.books.Doubts())
	default:
		complain(w, http.StatusNotFound, errors.New("there is no such list"))
	}
}

// command does what a script or a button asks for.
func (d *door) command(w http.ResponseWriter, r *http.Request, name string) {
	c, ok := findCommand(name)
	if !ok && name != "doubts" {
		complain(w, http.StatusNotFound, errors.New("there is no such command"))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	// A form comes from our own page. A script sends JSON, or no body and no type.
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/x-www-form-urlencoded" && ok {
		d.press(w, r, c)
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil || kind != "application/json" && kind+string(raw) != "" {
		complain(w, http.StatusUnsupportedMediaType,
			errors.New("the body must be JSON, of 64 KiB at most"))
		return
	}
	// Doubts are no command: they are a whole, which is replaced.
	if name == "doubts" {
		d.setDoubts(w, raw)
		return
	}
	a, err := readArgs(raw, c.members())
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	result, err := c.run(d.desk, a)
	if err != nil {
		complain(w, statusOf(err), err)
		return
	}
	reply(w, http.StatusOK, result)
}

// press is a button of a page: it answers with a page.
func (d *door) press(w http.ResponseWriter, r *http.Request, c command) {
	a, err := formArgs(r, c.members())
	if err == nil {
		_, err = c.run(d.desk, a)
	}
	d.pages.pressed(w, cmp.Or(r.PostForm.Get(fromField), r.PostForm.Get("transaction")), err)
}

// setDoubts reads all doubts anew: what is missing is as the zero value has it.
func (d *door) setDoubts(w http.ResponseWriter, raw []byte) {
	var doubts Doubts
	err := strictly(raw, &doubts)
	if err == nil {
		err = d.books.SetDoubts(doubts)
	}
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	reply(w, http.StatusOK, doubts)
}
