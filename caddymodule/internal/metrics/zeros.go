package metrics

import (
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// ShowAPIResults makes the series of a project's API calls exist at 0.
func ShowAPIResults(project string) {
	for _, result := range zotlo.Results() {
		APIRequests.WithLabelValues(project, result)
	}
}

// ShowWarmLinks makes the series of a campaign's links that are made in advance exist at 0.
func ShowWarmLinks(campaign string) {
	for _, result := range linkgen.WarmResults() {
		WarmLinks.WithLabelValues(campaign, result)
	}
}

// ShowExposures makes the series of a variant's exposures exist at 0.
func ShowExposures(experiment, variant string, places ...string) {
	for _, at := range places {
		Exposures.WithLabelValues(experiment, variant, at)
	}
}

// ShowMismatches makes the series of a campaign's mismatches exist at 0.
func ShowMismatches(campaign string) {
	for _, kind := range ledger.MismatchKinds() {
		Mismatches.WithLabelValues(campaign, kind)
	}
}

// LedgerOperations lists every operation of LedgerErrors.
func LedgerOperations() []string {
	return []string{"open", "record", "facts", "events", "expose", "links", "sweep", "finish"}
}

// ShowLedgerErrors makes the series of the ledger's operations exist at 0.
func ShowLedgerErrors() {
	for _, operation := range LedgerOperations() {
		LedgerErrors.WithLabelValues(operation)
	}
}

// The results of an event.
const (
	EventTold      = "told"
	EventTakenBack = "taken_back"
	EventRefused   = "refused" // a batch with a mistake, or that nobody may send
	EventFailed    = "failed"  // answered 503, so that the backend repeats it
)

// EventResults lists them.
func EventResults() []string {
	return []string{EventTold, EventTakenBack, EventRefused, EventFailed}
}

// ShowEvents makes the series of an event exist at 0. A batch that is refused counts under Other.
func ShowEvents(name string) {
	for _, result := range EventResults() {
		if result != EventRefused || name == Other {
			Events.WithLabelValues(name, result)
		}
	}
}

// ShowWebhooks makes the series of payments and refunds that are not taken exist at 0.
func ShowWebhooks(results ...string) {
	for _, kind := range []string{zotlo.WebhookPayment, zotlo.WebhookRefund} {
		for _, result := range results {
			Webhooks.WithLabelValues(kind, result)
		}
	}
}

// ShowPayments makes the series of payments and refunds exist at 0.
func ShowPayments(campaign, experiment, variant string) {
	Refunds.WithLabelValues(campaign, experiment, variant)
	Discounts.WithLabelValues(campaign)
	for _, kind := range ledger.PaymentTypes() {
		Conversions.WithLabelValues(campaign, experiment, variant, kind)
	}
}

// ShowMoney makes the series of money in these currencies exist at 0.
func ShowMoney(campaign, experiment, variant string, currencies ...string) {
	for _, currency := range currencies {
		Revenue.WithLabelValues(campaign, experiment, variant, currency)
		Refunded.WithLabelValues(campaign, experiment, variant, currency)
	}
}
