package caddymodule_test

import (
	"strings"
	"testing"
)

// manyLinks is a shop whose memory cache holds so many links.
func manyLinks(limits string) string {
	return serverWith(`
		cache memory {
			max_links `+limits+`
		}
`+proCampaign, "checkout_link /u pro")
}

// TestRejectedReloadThrowsNoLinkAway: a configuration that is rejected late, when its address is
// taken, has changed nothing.
func TestRejectedReloadThrowsNoLinkAway(t *testing.T) {
	srv := openServer(t, manyLinks("1000"))
	people := []string{
		"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com", "f@example.com",
	}
	for _, who := range people {
		srv.click("/u", by(who))
	}
	made := srv.zotlo.Calls()
	rejected := strings.Replace(manyLinks("1"), "http:// {",
		`http:// {
	checkout_webhook /hook {
		token short
	}`, 1)
	if err := srv.reload(rejected); err == nil {
		t.Fatal("the configuration was loaded")
	}
	for _, who := range people {
		srv.click("/u", by(who))
	}
	if calls := srv.zotlo.Calls(); calls != made {
		t.Errorf("%d calls after the rejected reload, want none", calls-made)
	}
}
