package shoptest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Click opens a path as a signed-in user, or as nobody if the e-mail is empty.
func (s *Shop) Click(t *testing.T, email, path string) Reply {
	t.Helper()
	return s.Send(t, path, SignedIn(email))
}

// TryClick is Click for goroutines, which must not end a test.
func (s *Shop) TryClick(ctx context.Context, email, path string) (Reply, error) {
	return s.TrySend(ctx, path, SignedIn(email))
}

// Send asks for a path with GET, as whatever the changes make of the request.
func (s *Shop) Send(t *testing.T, path string, changes ...func(*http.Request)) Reply {
	t.Helper()
	return Ask(t, s.Client, "http://"+Host+path, changes...)
}

// TrySend is Send for goroutines, which must not end a test.
func (s *Shop) TrySend(
	ctx context.Context, path string, changes ...func(*http.Request),
) (Reply, error) {
	return Try(ctx, s.Client, "http://"+Host+path, changes...)
}

// ClickAtOnce sends n clicks of one user and returns when all of them are on their way; wait
// collects the replies.
func (s *Shop) ClickAtOnce(t *testing.T, n int, email, path string) (wait func() []Reply) {
	t.Helper()
	var sent, done sync.WaitGroup
	sent.Add(n)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { sent.Done() },
	})
	dial := DialTo("tcp", s.HTTP)
	client := Browser(t, &http.Transport{DialContext: dial, DisableKeepAlives: true})
	replies, errs := make([]Reply, n), make([]error, n)
	for i := range n {
		done.Go(func() {
			replies[i], errs[i] = Try(ctx, client, "http://"+Host+path, SignedIn(email))
		})
	}
	sent.Wait()
	return func() []Reply {
		t.Helper()
		done.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		return replies
	}
}

// SignedIn gives a request the session cookie of a user, or none if the e-mail is empty.
func SignedIn(email string) func(*http.Request) {
	return func(r *http.Request) {
		if email != "" {
			r.AddCookie(&http.Cookie{Name: "session", Value: Session(email)})
		}
	}
}

// Session is the token that the shop's own backend would give a user at login.
func Session(email string) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "user-of-" + email, "email": email, "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(JWTSecret))
	if err != nil {
		panic(err)
	}
	return token
}
