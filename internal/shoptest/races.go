package shoptest

import "strings"

// Caddy's TLS app copies itself for the event of a handshake, and writes a field after the
// servers that take handshakes have started. With HTTP/3 nothing orders the two, so now and then
// the race detector reports them. Nobody reads the field from the copy.
const (
	caddysRead  = "caddytls.(*TLS).CaddyModule()"
	caddysWrite = "caddytls.(*TLS).Start()"
)

// racesAreLogged leaves a process's exit code alone when the race detector has found something:
// raced judges what it found.
const racesAreLogged = "GORACE=exitcode=0"

// raced reports whether the race detector wrote of a race into a log that is not Caddy's own.
func raced(log string) bool {
	for report := range strings.SplitSeq(log, "==================") {
		caddysOwn := strings.Contains(report, caddysRead) && strings.Contains(report, caddysWrite)
		if strings.Contains(report, "WARNING: DATA RACE") && !caddysOwn {
			return true
		}
	}
	return false
}
