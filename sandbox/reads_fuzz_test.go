package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// Whatever is asked, a read answers with the envelope, and says yes or that the
// question is wrong.
func FuzzReads(f *testing.F) {
	for _, query := range []string{
		"", "limit=1", "limit=99999999999999999999", "start_date=2026-03-14&end_date=9999-12-31",
		"after=eyJmIjoifHx8In0", "before=eyJjIjoxLCJyIjoxLCJmIjoifHx8In0&limit=2",
		"after=eyJuIjotNSwiZiI6Inx8fCJ9", "transactionId=x&isSandbox=1", "a=%zz", "a;b",
	} {
		for path := range append(exports, sandbox.TransactionDetailPath) {
			f.Add(path, query)
		}
	}
	f.Fuzz(func(t *testing.T, path int, query string) {
		s := sandbox.New(sandbox.Config{Doubts: sandbox.Doubts{ExportMoves: path < 0}})
		client := &http.Client{Transport: s.Transport()}
		for range 3 {
			out, err := send(client, request(t, "https://api.example.com", ask(nil)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Pay(out.link(), sandbox.As("ada@example.com")); err != nil {
				t.Fatal(err)
			}
		}
		paths := append(exports, sandbox.TransactionDetailPath)
		r := request(t, "https://api.example.com", "")
		r.Method, r.Body = http.MethodGet, nil
		r.URL.Path, r.URL.RawQuery = paths[uint(path)%uint(len(paths))], query
		out, err := send(client, r)
		if err != nil || out.Meta.RequestID == "" || out.status != 200 && out.status != 400 {
			t.Errorf("%q: %d %s, %v", query, out.status, out.raw, err)
		}
	})
}
