package sandbox

import (
	"context"
	"net/http"
	"time"
)

type Request struct {
	Time   time.Time
	Method string
	Proto  string
	Header http.Header
	Raw    []byte
	Body   map[string]any
	Status int
}

func (s *Sandbox) Calls() int          { return 0 }
func (s *Sandbox) MaxInFlight() int    { return 0 }
func (s *Sandbox) Requests() []Request { return nil }

type State string

const (
	Open    State = "open"
	Paid    State = "paid"
	Expired State = "expired"
)

type Link struct {
	URL, ID, CheckoutLinkID, SubscriberID, IP, Language                    string
	PackageName, AdditionalText, ProductImage, CustomPrice, CustomCurrency string
	CustomParameters                                                       map[string]any
	Fields                                                                 map[string]any
	Base                                                                   BaseLink
	CreatedAt, ExpiresAt                                                   time.Time
	State                                                                  State
	Declined                                                               int
}

func (s *Sandbox) Links() []Link                { return nil }
func (s *Sandbox) Link(url string) (Link, bool) { return Link{}, false }
func (s *Sandbox) Expire(url string) error      { return nil }

type Fault struct {
	Status int
	Header http.Header
	Body   string
	Delay  time.Duration
	Drip   time.Duration
	Cut    bool
	Reset  bool
	Pad    int
}

func RateLimited(retryAfter string) Fault                      { return Fault{} }
func ServerError() Fault                                       { return Fault{} }
func BadRequest(code int) Fault                                { return Fault{} }
func BadCredentials() Fault                                    { return Fault{} }
func ErrorInside200(code int) Fault                            { return Fault{} }
func Latency(d time.Duration) Fault                            { return Fault{} }
func Slow(d time.Duration) Fault                               { return Fault{} }
func CutOff() Fault                                            { return Fault{} }
func Reset() Fault                                             { return Fault{} }
func NotJSON() Fault                                           { return Fault{} }
func Redirect(to string) Fault                                 { return Fault{} }
func Huge(bytes int) Fault                                     { return Fault{} }
func WrongLink(link string) Fault                              { return Fault{} }
func Custom(status int, header http.Header, body string) Fault { return Fault{} }
func (s *Sandbox) Fail(f Fault)                                {}
func (s *Sandbox) FailNext(n int, f Fault)                     {}
func (s *Sandbox) FailIf(match func(Request) bool, f Fault)    {}
func (s *Sandbox) Heal()                                       {}

type Payment struct {
	TransactionID, OriginalTransactionID, LinkURL, SubscriberID string
	PaymentType, Status, PackageID, Price, Currency             string
	At                                                          time.Time
	Refunded                                                    bool
}

type PayOption func(*payOptions)
type payOptions struct{}

func As(subscriberID string) PayOption        { return nil }
func Trial() PayOption                        { return nil }
func Charge(price, currency string) PayOption { return nil }
func ParametersAtTop() PayOption              { return nil }
func Sample2020() PayOption                   { return nil }

func (s *Sandbox) Pay(linkURL string, opts ...PayOption) (Payment, error) { return Payment{}, nil }
func (s *Sandbox) Renew(transactionID string, opts ...PayOption) (Payment, error) {
	return Payment{}, nil
}
func (s *Sandbox) Refund(transactionID string) (Payment, error) { return Payment{}, nil }
func (s *Sandbox) Status(transactionID, eventType string) error { return nil }
func (s *Sandbox) Payments() []Payment                          { return nil }

type Webhooks struct{ Payments, Refunds, Status, Registration string }

func WebhooksTo(url string) Webhooks      { return Webhooks{} }
func (s *Sandbox) SetWebhooks(w Webhooks) {}

type Kind string

type Event struct {
	ID       string
	Kind     Kind
	URL      string
	Body     []byte
	Attempts []Attempt
	Due      time.Time
	State    EventState
}
type EventState string
type Attempt struct {
	At     time.Time
	Status int
	Err    error
}

func (s *Sandbox) Events() []Event                                       { return nil }
func (s *Sandbox) Deliver(ctx context.Context) int                       { return 0 }
func (s *Sandbox) Send(ctx context.Context, eventID string) (int, error) { return 0, nil }
func (s *Sandbox) HoldWebhooks()                                         {}
func (s *Sandbox) ReleaseWebhooks(ctx context.Context) int               { return 0 }
func (s *Sandbox) Run(ctx context.Context)                               {}

type Clock struct{}

func NewClock(start time.Time) *Clock    { return nil }
func (c *Clock) Now() time.Time          { return time.Time{} }
func (c *Clock) Advance(d time.Duration) {}
