package linkgen_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

func TestConfigErrorsNameTheMend(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*linkgen.Config)
		says  string
	}{
		"no project":        {func(c *linkgen.Config) { c.Projects = nil }, "at least one"},
		"two of one name":   {func(c *linkgen.Config) { c.Projects = append(c.Projects, c.Projects[0]) }, "unique"},
		"short key":         {func(c *linkgen.Config) { c.Key = []byte("short") }, "at least 16"},
		"no cache":          {func(c *linkgen.Config) { c.Cache = nil }, "memorycache.New"},
		"ttl too long":      {func(c *linkgen.Config) { c.TTL = time.Hour }, "55m"},
		"ttl negative":      {func(c *linkgen.Config) { c.TTL = -1 }, "55m"},
		"no access key":     {func(c *linkgen.Config) { c.Projects[0].AccessKey = "" }, "access_key"},
		"no secret":         {func(c *linkgen.Config) { c.Projects[0].AccessSecret = "" }, "access_secret"},
		"no application":    {func(c *linkgen.Config) { c.Projects[0].ApplicationKey = "" }, "application_key"},
		"line break in key": {func(c *linkgen.Config) { c.Projects[0].AccessKey = "a\n" }, "access_key"},
		"plain http":        {func(c *linkgen.Config) { c.Projects[0].APIURL = "http://api.example.com" }, "https://"},
		"http, looks local": {func(c *linkgen.Config) { c.Projects[0].APIURL = "http://localhost.example.com" }, "https://"},
		"no scheme":         {func(c *linkgen.Config) { c.Projects[0].APIURL = "api.example.com" }, "https://"},
		"user in address":   {func(c *linkgen.Config) { c.Projects[0].APIURL = "https://u:p@api.example.com" }, "https://"},
		"query in address":  {func(c *linkgen.Config) { c.Projects[0].APIURL = "https://api.example.com?x" }, "https://"},
		"broken address":    {func(c *linkgen.Config) { c.Projects[0].APIURL = "https://api example" }, "https://"},
		"link host":         {func(c *linkgen.Config) { c.Projects[0].LinkHosts = []string{"https://pay.example.com"} }, "pay.example.com"},
		"star alone":        {func(c *linkgen.Config) { c.Projects[0].LinkHosts = []string{"*"} }, "*.example.net"},
		"negative timeout":  {func(c *linkgen.Config) { c.Limits.Timeout = -1 }, "negative"},
		"rate without per":  {func(c *linkgen.Config) { c.Limits.Rate.Events = 5 }, "10/1m"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := set(t).cfg
			cfg.Projects = append([]linkgen.Project(nil), cfg.Projects...)
			c.spoil(&cfg)
			_, err := linkgen.New(cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "secret-1") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestConfigDefaults(t *testing.T) {
	s := set(t, func(c *linkgen.Config) {
		c.State, c.Transport, c.Hooks, c.TTL, c.Limits = nil, nil, linkgen.Hooks{}, 0, linkgen.Limits{}
		c.Projects[0].APIURL = ""
	})
	d, err := s.g.Describe(orderOf("ada"))
	if err != nil || d.URL != "https://api.zotlo.com/v2/app-to-web/one-link" {
		t.Errorf("%q, %v", d.URL, err)
	}
	for _, local := range []string{"http://localhost:8080", "http://127.0.0.1", "http://[::1]:1/"} {
		set(t, func(c *linkgen.Config) { c.Projects[0].APIURL = local })
	}
}
