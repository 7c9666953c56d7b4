package report

import (
	"time"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
)

// evening is when the tests' operators read their page.
var evening = time.Date(2026, 11, 29, 20, 15, 0, 0, time.UTC)

// busyPage is a shop with everything in it.
func busyPage() Page {
	day := func(n int) time.Time { return evening.Truncate(24*time.Hour).AddDate(0, 0, n) }
	eur := func(text string) ledger.Decimal { a, _ := money.Parse(text); return ledger.Decimal(a) }
	sale := ledger.Experiment{
		Key: "bf-price", Campaign: "black-friday", Metric: "revenue EUR",
		Window: 7 * 24 * time.Hour, Older: 3,
		Runs: []ledger.RunNumbers{
			{
				Since: day(-21), People: 8412, Unexposed: 3,
				Variants: []ledger.VariantNumbers{
					{
						Name: "control", People: 4207, Open: 911, Buyers: 181, Rate: 181.0 / 3296,
						Revenue: map[string]ledger.Revenue{"EUR": {Total: eur("3618.19"), PerPerson: eur("1.0978")}},
					},
					{
						Name: "cheaper", People: 4205, Open: 904, Buyers: 297, Rate: 297.0 / 3301,
						Revenue: map[string]ledger.Revenue{"EUR": {Total: eur("4452.03"), PerPerson: eur("1.3487")}},
						Difference: &ledger.MetricDifference{
							Metric: "revenue EUR", Estimate: 0.2509, Low: 0.0401, High: 0.4617,
						},
						Verdict: ledger.Better,
					},
				},
			},
			{
				Since: day(-40), Until: day(-21), People: 900, Verdict: ledger.Unreadable,
				Variants: []ledger.VariantNumbers{
					{Name: "control", People: 300, Buyers: 20, Rate: 20.0 / 300},
					{Name: "cheaper", People: 600, Buyers: 44, Rate: 44.0 / 600},
				},
			},
		},
	}
	words := ledger.Experiment{
		Key: "words", Campaign: "pro", Metric: "rate", Window: 14 * 24 * time.Hour,
		Runs: []ledger.RunNumbers{{
			Since: day(-9), People: 402,
			Variants: []ledger.VariantNumbers{
				{Name: "control", People: 201, Open: 80, Buyers: 9, Rate: 9.0 / 121},
				{Name: "friendly", People: 201, Open: 77, Buyers: 11, Rate: 11.0 / 124, Verdict: ledger.TooEarly},
			},
		}},
	}
	p := Page{
		At: evening, Started: day(-3).Add(7 * time.Hour), Hears: true,
		Campaigns: []cli.Campaign{
			{Name: "pro", State: "active", Project: "default", Links: map[string]int64{"api": 812, "cache": 1650}, Conversions: map[string]int64{"start_paid": 71, "renewal": 240}, Refunds: 2, Experiment: &cli.Experiment{Key: "words"}},
			{Name: "black-friday", State: "active", From: day(-2), Until: day(2), Conditional: true, Links: map[string]int64{"api": 4120}, Conversions: map[string]int64{"consumable": 512}, Experiment: &cli.Experiment{Key: "bf-price"}},
			{Name: "christmas", State: "scheduled", From: day(10), Until: day(27), Conditional: true},
			{Name: "summer", State: "ended", From: day(-120), Until: day(-90), Conditional: true},
			{Name: "students", State: "off", Conditional: true},
		},
		Experiments: []ledger.Experiment{sale, words}, MoreExperiments: 2,
		Projects: []Project{
			{Name: "default", Calls: map[string]int64{"ok": 4932, "refused": 1}},
			{Name: "partners", Paused: "paused for 12 s: the API asked for it", Calls: map[string]int64{"ok": 12, "throttled": 3}},
		},
		LedgerBytes: 48_311_296,
		Webhooks: []Webhook{
			{"payment", "processed", 823, evening.Add(-4 * time.Minute)},
			{"payment", "repeated", 2, evening.Add(-26 * time.Hour)},
			{"status", "processed", 90, evening.Add(-3 * time.Hour)},
		},
		Mismatches: []Mismatch{{"black-friday", "price", 1}},
		Cache:      Cache{Name: "memory", Links: 412},
		Partners: []Partner{
			{"mira", 120, 14, 6, "EUR", "279.86", "19.99", "51.97"},
			{"radio-aalborg", 48, 2, 0, "EUR", "39.98", "0.00", "3.99"},
		},
	}
	for n := -59; n <= 0; n++ {
		paid := int64(3 + (n*n)%7)
		f := ledger.Figure{
			Day: day(n).Format(time.DateOnly), Source: ledger.Source{Campaign: "pro"}, Type: "renewal",
			Currency: "EUR", Payments: paid, Revenue: money.Amount(paid * 24_9900),
		}
		if n%9 == -4 {
			f.Refunds, f.Refunded = 1, 24_9900
		}
		p.Money = append(p.Money, f)
		if n > -3 {
			p.Money = append(p.Money, ledger.Figure{
				Day: f.Day, Source: ledger.Source{Campaign: "black-friday"}, Type: "consumable",
				Currency: "EUR", Payments: 24, Revenue: 24 * 14_9900,
			})
		}
		if n%5 == 0 {
			p.Money = append(p.Money, ledger.Figure{
				Day: f.Day, Source: ledger.Source{Campaign: "pro"}, Type: "start_paid", Currency: "JPY",
				Payments: 1, Revenue: 1980_0000,
			})
		}
	}
	return p
}
