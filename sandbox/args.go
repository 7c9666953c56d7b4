package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// args are the members of a command. Each command takes some of them.
type args struct {
	Link        string `json:"link"`
	Transaction string `json:"transaction"`

	// of a payment
	Subscriber     string `json:"subscriber"`
	Trial          bool   `json:"trial"`
	Quantity       int    `json:"quantity"`
	Coupon         string `json:"coupon"`
	Percent        int    `json:"percent"`
	Recurring      bool   `json:"recurring"`
	Charge         string `json:"charge"`
	ChargeCurrency string `json:"charge_currency"`
	TestMode       bool   `json:"test_mode"`
	Marked         bool   `json:"marked"`
	AtTop          bool   `json:"at_top"`
	Sample2020     bool   `json:"sample_2020"`

	// of a product
	Package     string `json:"package"`
	PackageName string `json:"package_name"`
	Price       string `json:"price"`
	Currency    string `json:"currency"`
	Period      string `json:"period"`
	OneTime     bool   `json:"one_time"`

	// of what becomes of a purchase
	Amount string `json:"amount"`
	Event  string `json:"event"`
	Now    bool   `json:"now"`
	For    Span   `json:"for"`

	// of webhooks
	Webhook string `json:"webhook"`
	Copy    bool   `json:"copy"`
	Count   int    `json:"count"`
	Post

	// of the clock
	By string `json:"by"`

	// of a fault
	Part       string `json:"part"`
	Path       string `json:"path"`
	Times      int    `json:"times"`
	Delay      Span   `json:"delay"`
	Drip       Span   `json:"drip"`
	Reset      bool   `json:"reset"`
	Cut        bool   `json:"cut"`
	Status     int    `json:"status"`
	Code       int    `json:"code"`
	RetryAfter string `json:"retry_after"`
}

// errArgs says that a command's members are not as they must be.
var errArgs = errors.New("wrong members")

// readArgs reads the body of a command that takes these members. An empty body
// has none.
func readArgs(raw []byte, takes []string) (args, error) {
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	var members map[string]json.RawMessage
	if err := strictly(raw, &members); err != nil {
		return args{}, fmt.Errorf("%w: %w", errArgs, err)
	}
	// Unknown members are refused: a misspelled amount must not refund the whole.
	for name := range members {
		if !slices.Contains(takes, name) {
			return args{}, fmt.Errorf("%w: there is no %q here", errArgs, name)
		}
	}
	var a args
	if err := json.Unmarshal(raw, &a); err != nil {
		return args{}, fmt.Errorf("%w: %w", errArgs, err)
	}
	return a, nil
}

// fromField is the field of a form that says which sale's page it stands on. It
// is no member of a command.
const fromField = "from"

// formArgs reads the fields of a form as the members of a command. Those that
// are empty are left out.
func formArgs(r *http.Request, takes []string) (args, error) {
	if err := r.ParseForm(); err != nil {
		return args{}, fmt.Errorf("%w: %w", errArgs, err)
	}
	members := make(map[string]any)
	for name := range r.PostForm {
		text := r.PostForm.Get(name)
		switch name {
		case fromField:
			continue
		// A form has only texts. What is no number stays one, so that reading it names the member.
		case "quantity", "percent", "count":
			if n, err := strconv.Atoi(text); err == nil {
				members[name] = n
				continue
			}
		// A checkbox is absent when it is not ticked.
		case "now", "one_time", "copy", "recurring":
			members[name] = text != ""
			continue
		}
		if text != "" {
			members[name] = text
		}
	}
	return readArgs(marshal(members), takes)
}

// options are what the members say about a payment.
func (a args) options() []PayOption {
	var opts []PayOption
	add := func(set bool, opt PayOption) {
		if set {
			opts = append(opts, opt)
		}
	}
	add(a.Subscriber != "", As(a.Subscriber))
	add(a.Trial, Trial())
	add(a.Quantity != 0, Quantity(a.Quantity))
	add(a.Coupon != "", WithDiscount(Discount{a.Coupon, a.Percent, a.Recurring}))
	add(a.Charge != "", Charge(a.Charge, a.ChargeCurrency))
	add(a.TestMode, InTestMode())
	add(a.Marked, MarkedAsSandbox())
	add(a.AtTop, ParametersAtTop())
	add(a.Sample2020, Sample2020())
	return opts
}

// product is what the members say is sold.
func (a args) product() (BaseLink, error) {
	product := BaseLink{
		PackageID: a.Package, PackageName: a.PackageName, Price: a.Price, Currency: a.Currency,
		Period: a.Period,
	}
	if a.OneTime {
		product.PaymentType = Consumable
	}
	// An empty one stays as the sold product has it.
	for name, rule := range map[string]struct {
		text  string
		check func(string) error
	}{
		"price": {a.Price, priceRule}, "currency": {a.Currency, currencyRule},
		"period": {a.Period, periodRule},
	} {
		if rule.text == "" {
			continue
		}
		if err := rule.check(rule.text); err != nil {
			return BaseLink{}, fmt.Errorf("%w: %s %w", errArgs, name, err)
		}
	}
	return product, nil
}

// fault is what the members say is to go wrong.
func (a args) fault() (Fault, error) {
	if a.Status != 0 && (a.Status < 200 || a.Status > 599) {
		return Fault{}, fmt.Errorf("%w: status must be one of HTTP", errArgs)
	}
	f := Fault{
		Delay: time.Duration(a.Delay), Drip: time.Duration(a.Drip), Reset: a.Reset, Cut: a.Cut,
		Status: a.Status, Code: a.Code,
	}
	if a.RetryAfter != "" {
		f.Header = http.Header{"Retry-After": {a.RetryAfter}}
	}
	return f, nil
}

// strictly reads one JSON value without members that nobody knows.
func strictly(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
