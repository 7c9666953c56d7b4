package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPaymentSurvivesKill: the demo dies as in a power cut, right after the webhook was answered.
// The next one in the same folder knows the payment: the module, and the shop.
func TestPaymentSurvivesKill(t *testing.T) {
	skipWithoutSignals(t)
	caches := t.TempDir()
	first := launchIn(t, caches, "--listen", "127.0.0.1:0")
	ada := first.arrive()
	ada.signIn("ada")
	ada.pay(ada.hit("/checkout/plus"))
	for after := 0; !strings.Contains(ada.get("/account").body, "4.99 EUR"); after++ {
		if after > 1000 {
			t.Fatalf("the payment never came back:\n%s", first.said())
		}
	}
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.done

	second := launchIn(t, caches, "--listen", "127.0.0.1:0")
	ada = second.arrive()
	ada.signIn("ada")
	sentTo(t, ada.get("/checkout/plus"), "/account")
	says(t, ada.get("/account"), "Your plan: <strong>Plus</strong>", "4.99 EUR")

	ben := second.arrive() // the folder knows one payment, not everybody's
	ben.signIn("claire")
	ben.hit("/checkout/plus")
	second.interrupt()
}

// arrive is a shopper of a demo that is a process of its own.
func (p *process) arrive() *shopper {
	pay := strings.Replace(p.shop, "127.0.0.1", "localhost", 1)
	return arrive(p.t, &demo{place: place{shop: p.shop, pay: pay}})
}

func TestFolderThatWasAskedForIsUsedOrTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder", "with blanks")
	s, note, err := openStorage(dir, "unused")
	if err != nil || note != "" || !strings.HasSuffix(s.dir, "a folder/with blanks") {
		t.Fatalf("%+v, %q, %v", s, note, err)
	}
	defer func() { _ = s.close() }()
	if _, _, err := openStorage(dir, "unused"); !errors.Is(err, errOtherDemo) {
		t.Errorf("while another demo uses it: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "shop.db")); err != nil ||
		info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openStorage(file, "unused"); err == nil {
		t.Error("a file is a folder")
	}
}

// TestUserWithoutAFolderForCaches still gets a demo.
func TestUserWithoutAFolderForCaches(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, file)
	}
	temporary := filepath.Join(t.TempDir(), "data")
	s, note, err := openStorage("", temporary)
	if err != nil || !strings.Contains(note, "forgets at its end") ||
		s.dir != filepath.ToSlash(temporary) {
		t.Fatalf("%+v, %q, %v", s, note, err)
	}
	_ = s.close()
}

// TestPaymentThatCannotBeSavedIsNotBooked: Zotlo repeats it then.
func TestPaymentThatCannotBeSavedIsNotBooked(t *testing.T) {
	s, _, err := openStorage(t.TempDir(), "unused")
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMembers(s)
	if err != nil {
		t.Fatal(err)
	}
	paid := payment{TransactionID: "1", Package: planPlus, Subscriber: "ada@kingfisher.example"}
	_ = s.close()
	if booked, err := m.book(paid); booked || err == nil || m.plan("ada") != planFree {
		t.Errorf("booked %t, %v, plan %s", booked, err, m.plan("ada"))
	}
}
