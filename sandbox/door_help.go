package sandbox

import "strings"

// helpWidth is the longest line of the help.
const helpWidth = 90

// DoorHelp describes the door for scripts: what can be asked and done, and with
// which members of a JSON object.
func DoorHelp() string {
	var help strings.Builder
	add := func(what, does string, members []string) {
		help.WriteString("  " + what + "\n")
		if len(members) > 0 {
			does += ": " + strings.Join(members, ", ")
		}
		writeWrapped(&help, does)
	}
	add("GET "+DoorPath, "a page of all sales, with buttons for each", nil)
	add("GET "+DoorPath+"books", "payments, refunds and subscriptions", nil)
	add("GET "+DoorPath+"links", "personal links", nil)
	add("GET "+DoorPath+"webhooks", "webhooks, their bodies and what they were answered", nil)
	add("GET "+DoorPath+"doubts", "how what Zotlo's reference leaves open is answered", nil)
	add("POST "+DoorPath+"doubts", "answer it so, and all else as usual", doubtNames())
	for _, c := range commands() {
		add("POST "+DoorPath+c.name, c.does, c.members())
	}
	return help.String()
}

// writeWrapped writes a text in lines that are indented.
func writeWrapped(out *strings.Builder, text string) {
	const indent = "       "
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word)+1 > helpWidth {
			out.WriteString(line + "\n")
			line = indent
		}
		line += " " + word
	}
	out.WriteString(line + "\n")
}
