package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/sandbox"
)

// trying is a site that tries two prices, for guests, too.
const trying = "{" + shoptest.Private + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		ledger file {$DIR}/ledger.db
		campaign pro {
			link_id 123
			one_time_price 19.99 EUR
			experiment price {
				window 1m
				metric revenue EUR
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
	}
}

http:// {
	checkout_link /pro pro {
		anonymous guest
	}
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
	metrics /metrics
}
`

// script is what the people of an experiment did, by variant.
type script struct {
	mu     sync.Mutex
	people map[string]int64
	buyers map[string]int64
	cents  map[string]int64
}

// TestExperiment sends people from the click to the command: the numbers of the command are those of
// the script. It takes the time of a window, in which it does nothing.
func TestExperiment(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, trying)
	done := script{people: map[string]int64{}, buyers: map[string]int64{}, cents: map[string]int64{}}
	people := testsize.Of(2000)
	everybody(people, "shopper", func(email string, random *rand.Rand) {
		done.shops(t, s, email, random)
	})
	guest := s.Click(t, "", "/pro")
	if _, err := s.Zotlo.Pay(guest.Header.Get("Location"), sandbox.As(ann)); err != nil {
		t.Fatal(err)
	}
	paid := s.Metric(t, shoptest.Conversions, `campaign="pro"`)
	var buyers int64
	for _, n := range done.buyers {
		buyers += n
	}
	if buyers == 0 || int64(paid) < buyers {
		t.Fatalf("%d buyers and %v payments", buyers, paid)
	}

	shoptest.Eventually(t, "all exposures written", func() bool {
		return s.Metric(t, "caddy_checkout_exposures_total", "") == float64(people)
	})
	if run := runOf(t, s); run.People != int64(people) || run.Unexposed != 1 {
		t.Errorf("%d people of %d, %d payments without an exposure", run.People, people, run.Unexposed)
	}
	closing := time.NewTicker(time.Second)
	defer closing.Stop()
	run := runOf(t, s)
	for deadline := time.Now().Add(3 * time.Minute); open(run) > 0 && time.Now().Before(deadline); {
		<-closing.C
		run = runOf(t, s)
	}
	done.wants(t, run)

	table, err := s.Exec("checkout", "experiments", "price", "--address", "unix/"+s.Dir+"/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"price (campaign pro): decided by money per person in EUR, within 1m after the first exposure",
		"DIFFERENCE TO CONTROL", fmt.Sprintf("%d people, 1 payments without an exposure", people),
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	_, err = s.Exec("checkout", "experiments", "prise", "--address", "unix/"+s.Dir+"/admin.sock")
	if err == nil || !strings.Contains(err.Error(), "no experiment has the key") ||
		!strings.Contains(err.Error(), "prise") {
		t.Errorf("an unknown key: %v", err)
	}
}

// shops lets one person click, see their variant, and perhaps pay and want their money back. They
// click again, which changes nothing.
func (done *script) shops(t *testing.T, s *shoptest.Shop, email string, random *rand.Rand) {
	got, err := s.TryClick(t.Context(), email, "/pro")
	if err != nil {
		t.Errorf("%s: %v", email, err)
		return
	}
	link, found := s.Zotlo.Link(got.Header.Get("Location"))
	if !found {
		t.Errorf("%s got %s and no link", email, got.Status)
		return
	}
	variant, cents, buy := "control", int64(1999), 0.2
	if link.CustomPrice == "14.99" {
		variant, cents, buy = "cheaper", 1499, 0.3
	}
	back := ""
	switch at := random.Float64(); {
	case at < buy/10:
		back, cents = "all", 0
	case at < buy/5:
		back, cents = "5.00", cents-500
	case at >= buy:
		cents = 0
	}
	if cents > 0 || back != "" {
		payment, err := s.Zotlo.Pay(link.URL)
		switch {
		case err != nil:
		case back == "all":
			_, err = s.Zotlo.Refund(payment.TransactionID)
		case back != "":
			_, err = s.Zotlo.RefundPart(payment.TransactionID, back)
		}
		if err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
	if _, err := s.TryClick(t.Context(), email, "/pro"); err != nil {
		t.Errorf("%s: %v", email, err)
	}
	done.mu.Lock()
	defer done.mu.Unlock()
	done.people[variant]++
	done.cents[variant] += cents
	if cents > 0 {
		done.buyers[variant]++
	}
}

// wants holds a run whose windows have closed against the script.
func (done *script) wants(t *testing.T, run ledger.RunNumbers) {
	t.Helper()
	for _, v := range run.Variants {
		people, buyers := done.people[v.Name], done.buyers[v.Name]
		cents := fmt.Sprintf("%d.%02d", done.cents[v.Name]/100, done.cents[v.Name]%100)
		if v.People != people || v.Open != 0 || v.Buyers != buyers ||
			v.Revenue["EUR"].Total.String() != cents || v.Rate != float64(buyers)/float64(people) {
			t.Errorf("%s: %+v, want %d people, %d buyers and %s EUR", v.Name, v, people, buyers, cents)
		}
	}
	if testsize.Race {
		return
	}
	if v := run.Variants[1]; v.Difference == nil || v.Difference.Metric != "revenue EUR" ||
		v.Verdict == "" || v.Verdict == ledger.TooEarly || run.Verdict != "" {
		t.Errorf("%+v in a run that is %q", v, run.Verdict)
	}
}

// runOf is the one run that the command tells of.
func runOf(t *testing.T, s *shoptest.Shop) ledger.RunNumbers {
	t.Helper()
	text, err := s.Exec("checkout", "experiments", "--json", "--address", "unix/"+s.Dir+"/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Experiments []ledger.Experiment }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Experiments) != 1 || len(answer.Experiments[0].Runs) != 1 {
		t.Fatalf("one run is wanted: %s", text)
	}
	return answer.Experiments[0].Runs[0]
}

// open are the people of a run whose window has not closed.
func open(run ledger.RunNumbers) (n int64) {
	for _, v := range run.Variants {
		n += v.Open
	}
	return n
}
