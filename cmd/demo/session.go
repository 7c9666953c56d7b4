package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const sessionLifetime = 12 * time.Hour

// claims are what the shop signs about somebody: the same that an identity provider would say.
type claims struct {
	jwt.RegisteredClaims
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Phone         string `json:"phone_number,omitempty"`
	GivenName     string `json:"given_name"`
	Country       string `json:"country"`
	Locale        string `json:"locale"`
	Plan          string `json:"plan"`
}

// visitor is who looks at a page.
type visitor struct {
	person
	Plan     string // now
	SignedIn bool
	Expired  bool // there is a session, but it has ended
	token    string
}

// PlanName is the plan in words.
func (v visitor) PlanName() string { return planNames[v.Plan] }

// visitor reads the session. The shop trusts its own cookie no more than the module does.
func (s *shop) visitor(r *http.Request) visitor {
	cookie, err := r.Cookie(s.demo.cookie)
	if err != nil {
		return visitor{}
	}
	var c claims
	_, err = jwt.ParseWithClaims(cookie.Value, &c,
		func(*jwt.Token) (any, error) { return s.key(), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(),
		jwt.WithIssuer(issuer))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return visitor{Expired: true, token: cookie.Value}
	}
	p, ok := personByID(c.Subject)
	if err != nil || !ok {
		return visitor{}
	}
	return visitor{person: p, Plan: s.members.plan(p.ID), SignedIn: true, token: cookie.Value}
}

const issuer = "kingfisher"

func (s *shop) key() []byte { return []byte(s.demo.secrets["JWT_SECRET"]) }

// mint signs a token for somebody, valid from begin for sessionLifetime.
func (s *shop) mint(p person, begin time.Time) (string, error) {
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: p.ID,
			IssuedAt:  jwt.NewNumericDate(begin),
			ExpiresAt: jwt.NewNumericDate(begin.Add(sessionLifetime)),
		},
		Email: p.Email, Phone: p.Phone, GivenName: p.Given, Country: p.Country, Locale: p.Locale,
		Plan: s.members.plan(p.ID),
	}
	if p.Email != "" {
		verified := !p.Doubt
		c.EmailVerified = &verified
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(s.key())
}

// setSession keeps the token in a cookie that no script can read and that other sites' forms do not
// carry.
func (s *shop) setSession(w http.ResponseWriter, token string) {
	c := &http.Cookie{
		Name: s.demo.cookie, Value: token, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.demo.https,
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// refresh signs a new token when the plan has changed since the old one was made, and says whether
// it did.
func (s *shop) refresh(w http.ResponseWriter, v visitor) bool {
	var c claims
	if _, _, err := jwt.NewParser().ParseUnverified(v.token, &c); err != nil || c.Plan == v.Plan {
		return false
	}
	token, err := s.mint(v.person, time.Now())
	if err == nil {
		s.setSession(w, token)
	}
	return err == nil
}

func (s *shop) signIn(w http.ResponseWriter, r *http.Request) {
	p, ok := personByID(r.PostFormValue("person"))
	if !ok {
		http.Error(w, "choose one of the people on the page", http.StatusBadRequest)
		return
	}
	begin := time.Now()
	if r.PostFormValue("expired") != "" {
		begin = begin.Add(-sessionLifetime - time.Hour)
	}
	token, err := s.mint(p, begin)
	if err != nil {
		http.Error(w, "signing in failed", http.StatusInternalServerError)
		return
	}
	s.setSession(w, token)
	http.Redirect(w, r, ownPath(r.PostFormValue("next")), http.StatusSeeOther)
}

func (s *shop) signOut(w http.ResponseWriter, r *http.Request) {
	s.setSession(w, "")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// ownPath is where a form may lead: a path of this shop, never another site. Browsers read // and
// /\ as another host.
func ownPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
