package main

// navLink is an entry of the shop's navigation.
type navLink struct{ Href, Name string }

// Nav is the navigation of every page.
func (view) Nav() []navLink {
	return []navLink{
		{"/", "Plans"},
		{"/ref/mira", "Partner"},
		{"/form", "Form"},
		{"/invoices", "Invoices"},
		{"/experiment", "Experiment"},
		{"/not-a-click", "Not a click"},
		{"/trouble", "Trouble"},
		{"/caddyfile", "Caddyfile"},
	}
}
