package caddymodule_test

import (
	"strings"
	"testing"
)

// A route whose campaigns are chosen by a placeholder loaded without any project, and every click
// was a panic.
func TestPlaceholderCampaignNeedsAProject(t *testing.T) {
	setKeys(t)
	t.Setenv("ZOTLO_ACCESS_KEY", "")
	got := adapt(t, siteOf("jwt {\nsecret {env.JWT_SECRET}\nfrom cookie "+
		"session\n}", "checkout_link /upgrade {http.auth.user.campaign}"))
	if !strings.Contains(got, "access_key") {
		t.Errorf("loaded: %s", got)
	}
}
