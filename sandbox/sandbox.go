package sandbox

import (
	"net/http"
	"time"
)

type Config struct {
	AccessKey      string
	AccessSecret   string
	ApplicationKey string
	BaseLinks      map[string]BaseLink
	PublicURL      string
	SuccessURL     string
	Webhooks       Webhooks
	Client         *http.Client
	Now            func() time.Time
	KeepRequests   int
	KeepLinks      int
}

type BaseLink struct {
	Name           string
	PackageID      string
	PackageName    string
	Price          string
	Currency       string
	PaymentType    string
	AdditionalText string
	ProductImage   string
	Title          string
	Description    string
	ButtonText     string
}

type Sandbox struct{}

func New(cfg Config) *Sandbox                                       { return &Sandbox{} }
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {}
func (s *Sandbox) Transport() http.RoundTripper                     { return nil }
