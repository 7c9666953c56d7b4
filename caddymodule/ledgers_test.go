//go:build unix

package caddymodule_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
)

// ledgerServer sells to those who have not just paid, with these options beside.
func ledgerServer(options string) string {
	return serverWith(options+`
		campaign pro {
			link_id 1
			after_payment /account
		}`, `checkout_link /u pro
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}`)
}

// ledgerFile is where the ledger of a server is, unless the configuration says otherwise.
func (srv *server) ledgerFile() string {
	return filepath.Join(srv.dir, "caddy", "checkout", "ledger.db")
}

// hears is told of a payment by Zotlo, and answers. Right after a reload the configuration before it
// may still take the request, without its ledger, and Zotlo repeats it.
func (srv *server) hears(transaction, email string, status int) {
	srv.t.Helper()
	body := fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"of %s"},"parameters":{`+
		`"status":"start_paid","subscriber_id":%q,"transaction_id":%q}}`, transaction, email,
		transaction)
	answer := func() int {
		res, _ := srv.click("/hooks", method(http.MethodPost),
			header("X-Webhook-Token", hookToken), withBody(body))
		return res.StatusCode
	}
	if status == http.StatusOK {
		srv.eventually("the payment "+transaction+" is taken", func() bool {
			return answer() == status
		})
	} else if got := answer(); got != status {
		srv.t.Errorf("the payment %s is answered %d, want %d", transaction, got, status)
	}
}

// sells checks that a click leads to a checkout, or that it leads to the account. Right after a
// reload the configuration before it may still answer, without its ledger.
func (srv *server) sells(email string, want bool) {
	srv.t.Helper()
	leads := func() string {
		res, _ := srv.click("/u", by(email))
		return res.Header.Get("Location")
	}
	if !want {
		srv.eventually(email+" is led to the account", func() bool {
			return leads() == "/account"
		})
	} else if to := leads(); to == "" || to == "/account" {
		srv.t.Errorf("%s is led to %q, want a checkout", email, to)
	}
}

// isUp checks the metric of the ledger.
func (srv *server) isUp(want bool) {
	srv.t.Helper()
	if up, ok := srv.scraped()["caddy_checkout_ledger_up[]"]; !ok || (up == 1) != want {
		srv.t.Errorf("ledger_up is %v, there: %t; want it up: %t", up, ok, want)
	}
}

// loads gives the running Caddy a configuration that must load.
func (srv *server) loads(config string) {
	srv.t.Helper()
	if err := srv.reload(config); err != nil {
		srv.t.Fatal(err)
	}
}

// lockFile opens a ledger as another process would, and returns what frees it again.
func lockFile(t *testing.T, path string) (free func()) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLedgerIsAFileInTheDataFolder(t *testing.T) {
	srv := openServer(t, ledgerServer(""))
	srv.isUp(true)
	for path, want := range map[string]os.FileMode{
		srv.ledgerFile(): 0o600, filepath.Dir(srv.ledgerFile()): 0o700 | os.ModeDir,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", path, info, err, want)
		}
	}
	if size := srv.scraped()["caddy_checkout_ledger_bytes[]"]; size <= 0 {
		t.Errorf("ledger_bytes is %v", size)
	}
}

// What was answered with success is there after a reload and after a restart.
func TestPaymentOutlivesReloadAndRestart(t *testing.T) {
	config := ledgerServer("")
	srv := openServer(t, config)
	srv.hears("1", "ann@example.com", http.StatusOK)
	srv.loads(config)
	srv.isUp(true)
	srv.sells("ann@example.com", false)
	srv.hears("2", "bob@example.com", http.StatusOK)
	srv.loads(config)
	srv.warns(1, "the ledger is open") // the others shared it
	srv.stop()
	if n := caddymodule.PoolsInUse(); n != 0 {
		t.Errorf("%d pooled values are left", n)
	}
	lockFile(t, srv.ledgerFile())() // nobody has it any more
	srv.loads(config)
	srv.isUp(true)
	srv.sells("ann@example.com", false)
	srv.sells("bob@example.com", false)
	srv.sells("cem@example.com", true)
}

// A reload that changes the bound changes that of the file which is open; one that is refused does
// not.
func TestReloadChangesTheBoundOfAnOpenFile(t *testing.T) {
	at := func(options string) string {
		return ledgerServer("\t\tledger file {$DIR}/ledger.db {\n" + options + "\n}")
	}
	srv := openServer(t, at(""))
	full := func(want bool) {
		t.Helper()
		ledgerlife.Each(func(store ledger.Store) {
			if got := store.(*filestore.Store).Full(); got != want {
				t.Errorf("the ledger is full: %t, want %t", got, want)
			}
		})
	}
	full(false)
	srv.loads(at("max_size 4KiB"))
	full(true)
	srv.loads(at("max_size 4GiB"))
	full(false)
	unknown := strings.Replace(at("max_size 4KiB"), "/u pro", "/u nobody", 1)
	if err := srv.reload(unknown); err == nil {
		t.Error("a route of a campaign that is not there was taken")
	}
	full(false)
	srv.warns(1, "the ledger is open") // the others shared it
}

// A reload may name the file in another way.
func TestFileIsTheSameHoweverItIsSpelled(t *testing.T) {
	at := func(path string) string { return ledgerServer("\t\tledger file {$DIR}/" + path) }
	srv := openServer(t, at("books/ledger.db"))
	srv.hears("1", "ann@example.com", http.StatusOK)
	if err := os.Symlink("books", filepath.Join(srv.dir, "link")); err != nil {
		t.Fatal(err)
	}
	srv.loads(at("link/../link/ledger.db"))
	srv.isUp(true)
	srv.sells("ann@example.com", false)
	srv.warns(1, "the ledger is open")
}

// A reload whose secrets cannot read the ledger is refused, and what runs goes on. The old secret
// as the second one makes it good.
func TestAnotherSecretRefusesAReload(t *testing.T) {
	t.Setenv("OLD_SECRET", "an old secret of the ledger")
	t.Setenv("NEW_SECRET", "a new secret of the ledger")
	with := func(secrets ...string) string {
		lines := ""
		for _, secret := range secrets {
			lines += "\n\t\t\tsecret {env." + secret + "}"
		}
		return ledgerServer("\t\tledger file {" + lines + "\n\t\t}")
	}
	srv := openServer(t, with("OLD_SECRET"))
	srv.hears("1", "ann@example.com", http.StatusOK)
	err := srv.reload(with("NEW_SECRET"))
	if err == nil || !strings.Contains(err.Error(), "put the old secret second") {
		t.Errorf("the reload: %v", err)
	}
	srv.isUp(true)
	srv.hears("2", "bob@example.com", http.StatusOK)
	srv.loads(with("NEW_SECRET", "OLD_SECRET"))
	srv.sells("ann@example.com", false)
	srv.sells("bob@example.com", false)
	srv.loads(with("NEW_SECRET")) // it has written since
	srv.sells("ann@example.com", false)
	if err := srv.reload(with("OLD_SECRET")); err == nil {
		t.Error("the old secret reads what the new one wrote")
	}
}

// At process start Caddy comes up all the same. The reload that corrects it is taken, and so is one
// that does not.
func TestAnotherSecretAtStartLeavesTheLedgerClosed(t *testing.T) {
	srv := openServer(t, ledgerServer(""))
	srv.hears("1", "ann@example.com", http.StatusOK)
	srv.stop()
	t.Setenv("OTHER_SECRET", "another secret of the ledger")
	wrong := ledgerServer("\t\tledger file {\n\t\t\tsecret {env.OTHER_SECRET}\n\t\t}")
	for range 2 {
		srv.loads(wrong)
		srv.isUp(false)
		srv.hears("2", "bob@example.com", http.StatusServiceUnavailable)
		srv.sells("ann@example.com", true)
	}
	srv.warns(2, "the ledger cannot be used", `"error"`, "put the old secret second") // one a load
	srv.loads(ledgerServer(""))
	srv.isUp(true)
	srv.sells("ann@example.com", false)
	srv.hears("2", "bob@example.com", http.StatusOK)
}

// Another process has the file: webhooks are to be repeated, clicks go on, and nothing is kept
// elsewhere. Once it is free, the ledger opens by itself.
func TestLockedFileIsTriedUntilItIsFree(t *testing.T) {
	srv := openServer(t, ledgerServer(""))
	srv.hears("1", "ann@example.com", http.StatusOK)
	before := srv.scraped()
	srv.stop()
	free := lockFile(t, srv.ledgerFile())
	srv.loads(ledgerServer(""))
	srv.isUp(false)
	if got := srv.scraped().moved(before).total("ledger_errors_total[operation=open]"); got != 1 {
		t.Errorf("%v errors of the load are counted, want 1", got)
	}
	srv.hears("2", "bob@example.com", http.StatusServiceUnavailable)
	srv.sells("ann@example.com", true)
	srv.sells("bob@example.com", true)
	srv.warns(1, "the ledger cannot be used", `"error"`, "ledger.db", "need two paths",
		"tried again every 10 s")
	free()
	srv.eventually("the ledger is up", func() bool {
		return srv.scraped()["caddy_checkout_ledger_up[]"] == 1
	})
	srv.sells("ann@example.com", false)
	srv.sells("bob@example.com", true) // what was answered with 503 is nowhere
	srv.hears("2", "bob@example.com", http.StatusOK)
	srv.sells("bob@example.com", false)
}

// A reload onto a file that cannot be opened is refused while the ledger before it is open, and the
// metric is that of what runs.
func TestReloadOntoALockedFileIsRefused(t *testing.T) {
	srv := openServer(t, ledgerServer(""))
	srv.hears("1", "ann@example.com", http.StatusOK)
	other := filepath.Join(srv.dir, "other.db")
	free := lockFile(t, other)
	onto := ledgerServer("\t\tledger file {$DIR}/other.db")
	err := srv.reload(onto)
	if err == nil || !strings.Contains(err.Error(), "two Caddys of one user need two paths") {
		t.Errorf("the reload: %v", err)
	}
	srv.isUp(true)
	srv.sells("ann@example.com", false)
	srv.hears("2", "bob@example.com", http.StatusOK)
	free()
	if err := os.Remove(other); err != nil { // it was no ledger yet
		t.Fatal(err)
	}
	// Caddy may have begun to listen on the site's socket for the refused configuration, and then
	// has closed it for a further reload as well.
	srv.stop()
	srv.loads(onto)
	srv.isUp(true)
	srv.sells("ann@example.com", true) // that is another ledger
}

// A Redis that does not answer refuses no reload: nothing is wrong with the configuration.
func TestReloadOntoARedisThatIsAwayIsTaken(t *testing.T) {
	srv := openServer(t, ledgerServer(""))
	srv.hears("1", "ann@example.com", http.StatusOK)
	away := ledgerServer("\t\tledger redis {\n\t\t\turl redis://" + refusing(t) + "\n\t\t}")
	for range 2 {
		srv.loads(away)
		srv.isUp(false)
		srv.hears("2", "bob@example.com", http.StatusServiceUnavailable)
		srv.sells("ann@example.com", true)
	}
	srv.loads(ledgerServer(""))
	srv.isUp(true)
	srv.sells("ann@example.com", false)
}

// Where links are in Redis, so is the ledger, under keys of its own. A Redis that dies afterwards
// refuses no reload, and the ledger goes on when it is back.
func TestCacheInRedisBringsTheLedgerThere(t *testing.T) {
	for prefix, want := range map[string]string{
		"": "checkout-ledger:", "\n\t\t\tkey_prefix shop:": "shop:ledger:",
	} {
		t.Run(want, func(t *testing.T) {
			redis := redistest.Start(t, "--appendonly", "yes")
			// The time-out is one that no busy machine reaches.
			config := ledgerServer("\t\tcache redis {\n\t\t\turl " + redis.URL() +
				"\n\t\t\ttimeout 5s" + prefix + "\n\t\t}")
			srv := openServer(t, config)
			srv.isUp(true)
			srv.hears("1", "ann@example.com", http.StatusOK)
			srv.loads(config)
			srv.sells("ann@example.com", false)
			srv.sells("bob@example.com", true)
			keys, err := redis.Client().Keys(t.Context(), want+"*").Result()
			if err != nil || len(keys) == 0 {
				t.Errorf("no keys of the ledger: %v", err)
			}
			if _, err := os.Stat(srv.ledgerFile()); !os.IsNotExist(err) {
				t.Errorf("there is a file as well: %v", err)
			}
			redis.Kill()
			srv.loads(config)
			srv.hears("2", "bob@example.com", http.StatusServiceUnavailable)
			srv.sells("ann@example.com", true)
		})
	}
}

// `caddy validate` provisions, and may run beside the Caddy that serves.
func TestValidateOpensNothing(t *testing.T) {
	setKeys(t)
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", dir)
	t.Setenv("HOOK_TOKEN", hookToken)
	for _, option := range []string{
		"", "ledger file", "ledger file " + filepath.Join(dir, "sub", "ledger.db"),
		"ledger redis {\nurl redis://127.0.0.1:1\n}", "ledger memory",
	} {
		config := siteOf("jwt {\nsecret {env.JWT_SECRET}\nfrom cookie session\n}\n"+option+
			"\ncampaign pro {\nlink_id 1\n}",
			"checkout_link /u pro\ncheckout_webhook /hooks {\ntoken {env.HOOK_TOKEN}\n}")
		if got := adapt(t, config); !strings.HasPrefix(got, "{") {
			t.Errorf("%q: %s", option, got)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
			t.Errorf("%q: there is %q, %v", option, left, err)
		}
		if n := caddymodule.PoolsInUse(); n != 0 {
			t.Errorf("%q: %d pooled values are left", option, n)
		}
	}
}
