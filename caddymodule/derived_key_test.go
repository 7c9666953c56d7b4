package caddymodule_test

import "testing"

// project is a project block with this secret.
func project(name, secret string) string {
	return "\t\tproject " + name + " {\n\t\t\taccess_key {env.ZOTLO_ACCESS_KEY}\n" +
		"\t\t\taccess_secret " + secret + "\n" +
		"\t\t\tapplication_key {env.ZOTLO_APPLICATION_KEY}\n\t\t}\n"
}

// TestReloadThatChangesTheDerivedKeySaysSo: cached links became unreadable, and nobody knew why
// every click cost a call.
func TestReloadThatChangesTheDerivedKeySaysSo(t *testing.T) {
	const warning = "cached links become unreadable"
	const first, other = "{env.FIRST_SECRET}", "{env.OTHER_SECRET}"
	t.Setenv("FIRST_SECRET", "access-secret-of-the-first-project")
	t.Setenv("SAME_SECRET", "access-secret-of-the-first-project")
	t.Setenv("LEDGER_SECRET", "a secret of the ledger alone")
	t.Setenv("OTHER_SECRET", "access-secret-of-another-project")
	sells := func(projects, of string) string {
		// The default secret of the ledger is the access secret, and another one is refused.
		return serverWith("\t\tledger file {\n\t\t\tsecret {env.LEDGER_SECRET}\n\t\t}\n"+
			projects+"\t\tcampaign pro {\n\t\t\tlink_id 1\n"+of+"\t\t}",
			"checkout_link /u pro")
	}
	inDefault := "\t\taccess_secret {env.FIRST_SECRET}\n"
	of := func(name string) string { return "\t\t\tproject " + name + "\n" }
	for _, tt := range []struct {
		name, before, after string
		want                int
		also                []string
	}{
		{
			"another secret of the default project", sells(inDefault, ""),
			sells("\t\taccess_secret {env.OTHER_SECRET}\n", ""), 1,
			[]string{`"warn"`, `"from":"default"`, `"to":"default"`, "where its secret lists the old", "access_secret"},
		},
		{
			"the same secret under another name", sells(inDefault, ""),
			sells("\t\taccess_secret {env.SAME_SECRET}\n", ""), 0, nil,
		},
		{
			"a further project behind the default one", sells(inDefault, ""),
			sells(inDefault+project("a", other), ""), 0, nil,
		},
		{
			"the default project is left out", sells(inDefault+project("b", other), of("b")),
			sells("\t\taccess_secret {env.NO_SUCH_SECRET}\n"+project("b", other), of("b")), 1,
			[]string{`"from":"default"`, `"to":"b"`},
		},
		{
			"a project whose name comes first",
			sells("\t\taccess_key {env.NO_SUCH_KEY}\n"+project("b", first), of("b")),
			sells("\t\taccess_key {env.NO_SUCH_KEY}\n"+project("b", first)+project("a", other),
				of("b")), 1,
			[]string{`"from":"b"`, `"to":"a"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := openServer(t, tt.before)
			o.warns(0, warning)
			if err := o.reload(tt.after); err != nil {
				t.Fatal(err)
			}
			o.warns(tt.want, warning, tt.also...)
			o.warns(0, "access-secret-of-") // the values themselves
			if err := o.reload(tt.after); err != nil {
				t.Fatal(err)
			}
			o.warns(tt.want, warning)
		})
	}
}
