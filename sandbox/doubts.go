package sandbox

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Doubts are the questions that Zotlo's published reference leaves open, and how
// the sandbox is to answer them; the zero value is its ordinary answer. A client
// should pass its tests under each. They hold from [Sandbox.SetDoubts] on, for
// earlier sales, too.
type Doubts struct {
	// ErrorStatus is the HTTP status of every refusal of the API, such as 400,
	// 404 or 200. 0: that of its code, so 401 with CodeCredentials.
	ErrorStatus int `json:"error_status,omitempty"`
	// ErrorCodeIsText writes errorCode as a text.
	ErrorCodeIsText bool `json:"error_code_is_text,omitempty"`
	// ErrorResultIsObject writes the result of a refusal as {} instead of [].
	ErrorResultIsObject bool `json:"error_result_is_object,omitempty"`
	// WorldRequired refuses reads without isSandbox; else they mean live sales.
	WorldRequired bool `json:"world_required,omitempty"`
	// ApplicationIDRequired refuses reads without the header ApplicationId.
	ApplicationIDRequired bool `json:"application_id_required,omitempty"`
	// OtherTypes writes the numbers of reads as texts, and prices as numbers.
	OtherTypes bool `json:"other_types,omitempty"`

	// DetailAfter is how old a payment is before transaction detail knows it.
	DetailAfter Span `json:"detail_after,omitzero"`
	// BareDetail leaves out what the published sample does not show: quantity,
	// package price, refunds and discount.
	BareDetail bool `json:"bare_detail,omitempty"`
	// LogIsArray writes transactionLog as an array.
	LogIsArray bool `json:"log_is_array,omitempty"`

	// ExportAfter is how old a record is before an export has it.
	ExportAfter Span `json:"export_after,omitzero"`
	// ExportWorld is whose records exports list: "live", "test" or "both".
	// "": live.
	ExportWorld string `json:"export_world,omitempty"`
	// ExportSnakeCase names the members of a record like_this.
	ExportSnakeCase bool `json:"export_snake_case,omitempty"`
	// ExportOldestFirst turns the order round.
	ExportOldestFirst bool `json:"export_oldest_first,omitempty"`
	// ExportEnd is how the last page says so: "null" (also ""), "empty" (a next
	// cursor of ""), "missing" (no next at all), "repeated" (the cursor that
	// was sent), "empty_page" (one more page, with nothing on it).
	ExportEnd string `json:"export_end,omitempty"`
	// ExportMoves has cursors count records, so that a sale between two pages
	// moves them: some come twice, or not at all.
	ExportMoves bool `json:"export_moves,omitempty"`
	// ExportZone is the zone of start_date and end_date, in hours from UTC.
	ExportZone int `json:"export_zone,omitempty"`

	// Parameters is where custom parameters come back: "merchant" (also ""), in
	// Zotlo's record; "top", directly; "null" or "empty" ([]): not at all.
	Parameters string `json:"parameters,omitempty"`
	// PackagePriceIsTotal has package_price count all pieces.
	PackagePriceIsTotal bool `json:"package_price_is_total,omitempty"`
	// CouponIsArray writes coupon_campaign as an array of one.
	CouponIsArray bool `json:"coupon_is_array,omitempty"`
	// RefundIsSum has refund_price count all refunds of the payment so far.
	RefundIsSum bool `json:"refund_is_sum,omitempty"`
	// EmptyIsArray writes a missing card and newPackage as [].
	EmptyIsArray bool `json:"empty_is_array,omitempty"`
	// NoCard leaves the card out of status webhooks, as a wallet may.
	NoCard bool `json:"no_card,omitempty"`

	// RefuseSecond refuses the same package to somebody who has it.
	RefuseSecond bool `json:"refuse_second,omitempty"`
	// GraceMovesExpiry has expireDate move by 30 days when grace begins.
	GraceMovesExpiry bool `json:"grace_moves_expiry,omitempty"`
	// PauseIsPassive has both states passive during a pause.
	PauseIsPassive bool `json:"pause_is_passive,omitempty"`
	// PauseIsSilent sends no webhook of a pause and its end.
	PauseIsSilent bool `json:"pause_is_silent,omitempty"`
	// UpgradeIsStart gives the payment of an upgrade the status start_paid
	// instead of renewal.
	UpgradeIsStart bool `json:"upgrade_is_start,omitempty"`
	// UpgradeIsNew has an upgrade begin another subscription, with ids of its
	// own; the old one ends silently.
	UpgradeIsNew bool `json:"upgrade_is_new,omitempty"`
	// ReactiveIsNew has Renew of a subscription that has ended begin another one,
	// with ids of its own.
	ReactiveIsNew bool `json:"reactive_is_new,omitempty"`
	// TrialEndIsSilent sends no status webhook when a trial becomes paid.
	TrialEndIsSilent bool `json:"trial_end_is_silent,omitempty"`
	// UpsellSharesOriginal gives an upsell the original transaction id of the
	// purchase before it.
	UpsellSharesOriginal bool `json:"upsell_shares_original,omitempty"`
	// UpsellIsBare sends an upsell without custom parameters.
	UpsellIsBare bool `json:"upsell_is_bare,omitempty"`
}

// doubtNames are the members of Doubts in JSON.
func doubtNames() []string {
	var names []string
	for field := range reflect.TypeFor[Doubts]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// Span is a duration that JSON writes as Go does: "3h".
type Span time.Duration

// MarshalText writes the duration.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads a duration that is not negative.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return errors.New("must be a duration such as 3h")
	}
	*s = Span(d)
	return nil
}

// ErrDoubts says that an answer in Doubts is none of those listed.
var ErrDoubts = errors.New("sandbox: doubts hold an answer that does not exist")

// check finds answers that do not exist.
func (d Doubts) check() error {
	worlds := []string{"", "live", "test", "both"}
	ends := []string{"", "null", "empty", "missing", "repeated", "empty_page"}
	places := []string{"", "merchant", "top", "null", "empty"}
	status := d.ErrorStatus == 0 || d.ErrorStatus == 200 ||
		d.ErrorStatus >= 400 && d.ErrorStatus <= 599
	zone := d.ExportZone >= -12 && d.ExportZone <= 14
	if !status || !zone || !slices.Contains(worlds, d.ExportWorld) ||
		!slices.Contains(ends, d.ExportEnd) || !slices.Contains(places, d.Parameters) {
		return ErrDoubts
	}
	return nil
}
