package sandbox

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// SDKPath is what the paths of the Checkout SDK's stand-in begin with: its script and style, and the
// calls that the script makes.
const SDKPath = "/sdk/"

//go:embed sdk.js
var sdkScript []byte

// sdkStyle is there because pages link it. The stand-in needs none.
const sdkStyle = ".zotlo-checkout label { display: block }\n"

// sdk is the Checkout SDK in a merchant's page, and the server behind it. The calls and their names
// are those that the published SDK makes (github.com/Zotlo/zotlo-checkout 1.24); its server's
// address is not published. What it does not play: wallets, cards, discounts, offers, saved cards,
// and the look.
type sdk struct {
	keys  keys
	books *books
	forms *forms
}

// sdkCall answers one call. f is the session's form; nil for init.
type sdkCall func(s sdk, r *http.Request, f *form, body map[string]any) (any, *refusal)

// sdkCalls are the calls by method and path below SDKPath.
var sdkCalls = map[string]sdkCall{
	"POST init":             sdk.init,
	"GET payment/init":      sdk.show,
	"POST payment/register": sdk.register,
	"POST payment/checkout": sdk.checkout,
	"GET payment/detail":    sdk.detail,
}

// serve answers what follows SDKPath. Any page may call: the token is public, and no cookie is read.
func (s sdk) serve(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.Method == http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Client-Domain, Language, Uuid")
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.WriteHeader(http.StatusNoContent)
	case path == "zotlo-checkout.min.js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(sdkScript)
	case path == "zotlo-checkout.css":
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = io.WriteString(w, sdkStyle)
	default:
		result, e := s.call(r, path)
		sdkAnswer(result, e).write(w)
	}
}

// call finds the call and its form.
func (s sdk) call(r *http.Request, path string) (any, *refusal) {
	does, ok := sdkCalls[r.Method+" "+path]
	if !ok {
		return nil, refuse(http.StatusNotFound, CodeEndpoint, "invalid endpoint")
	}
	var body map[string]any
	if r.Method == http.MethodPost {
		raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil || len(raw) > maxBody || json.Unmarshal(raw, &body) != nil {
			return nil, invented(CodeInventedBody, "the body is no JSON object")
		}
	}
	var open *form
	if path != "init" {
		if open = s.forms.get(r.Header.Get("Uuid")); open == nil {
			return nil, invented(CodeInventedField, "there is no such session")
		}
	}
	return does(s, r, open, body)
}

// init begins a session.
func (s sdk) init(r *http.Request, _ *form, body map[string]any) (any, *refusal) {
	token, subscriber := text(body, "applicationHash"), text(body, "subscriberId")
	if token != s.keys.application && token != s.keys.test {
		return nil, invented(CodeInventedApplication, "unknown token")
	}
	product, ok := s.books.packageOf(text(body, "packageId"))
	if !ok {
		return nil, invented(CodeInventedField, "unknown packageId")
	}
	if subscriber != "" && !isSubscriber(subscriber) {
		return nil, refuse(http.StatusBadRequest, CodeSubscriberID, "invalid subscriberId")
	}
	parameters := json.RawMessage(text(body, "customParameters"))
	var object map[string]any
	if len(parameters) > 0 && json.Unmarshal(parameters, &object) != nil {
		return nil, invented(CodeInventedField, "customParameters is no JSON object in a string")
	}
	open := &form{
		uuid: newUUID(), subscriber: subscriber, product: *product, parameters: parameters,
		language: r.Header.Get("Language"), testMode: token == s.keys.test, began: s.books.clock.now(),
	}
	// The server sees the browser's address; the page cannot say another.
	open.ip, _, _ = net.SplitHostPort(r.RemoteAddr)
	s.forms.add(open)
	return map[string]any{
		"uuid": open.uuid, "subscriberId": subscriber, "registerBypass": subscriber != "",
		"registerType": "email", "allowSubscriberIdEditingOnRegisterPayment": false,
		"hideSubscriberIdIfAlreadySet": false, "language": open.language, "countryCode": country,
		"currency": product.Currency, "packageName": product.PackageName, "isCheckoutLink": false,
	}, nil
}

// show is what the form sells.
func (s sdk) show(_ *http.Request, f *form, _ map[string]any) (any, *refusal) {
	price := map[string]any{
		"price": twoDecimals(f.product.Price), "currency": f.product.Currency, "quantity": 1,
	}
	return map[string]any{
		"package":       map[string]any{"packageId": f.product.PackageID, "name": f.product.PackageName},
		"selectedPrice": price, "subscriberCountry": country, "sandboxPayment": true,
	}, nil
}

// register takes the subscriber that the shopper has typed.
func (s sdk) register(_ *http.Request, f *form, body map[string]any) (any, *refusal) {
	typed := text(body, "subscriberId")
	if !isSubscriber(typed) {
		return nil, refuse(http.StatusBadRequest, CodeSubscriberID, "invalid subscriberId")
	}
	s.forms.change(f.uuid, func(f *form) { f.subscriber = typed })
	return struct{}{}, nil
}

// checkout pays. The answer leads back to the page, with the status in its query.
func (s sdk) checkout(_ *http.Request, f *form, body map[string]any) (any, *refusal) {
	if text(body, "providerKey") == "declined" {
		return nil, invented(CodeInventedField, "The payment was declined. You can try again.")
	}
	paid, err := s.books.sellForm(*f)
	switch {
	case errors.Is(err, ErrNoSubscriber):
		return nil, refuse(http.StatusBadRequest, CodeSubscriberID, "Please say who pays.")
	case err != nil:
		return nil, invented(CodeInventedField, err.Error())
	}
	s.forms.change(f.uuid, func(f *form) { f.paidBy = paid.TransactionID })
	back := text(body, "returnUrl")
	if to, err := url.Parse(back); err == nil {
		query := to.Query()
		query.Set("zc_status", "success")
		query.Set("transactionId", paid.TransactionID)
		to.RawQuery = query.Encode()
		back = to.String()
	}
	return map[string]any{"status": "COMPLETE", "payment": map[string]any{"returnUrl": back}}, nil
}

// detail is what was paid in the session.
func (s sdk) detail(_ *http.Request, f *form, _ map[string]any) (any, *refusal) {
	all := s.books.Payments()
	i := slices.IndexFunc(all, func(p Payment) bool { return p.TransactionID == f.paidBy })
	if f.paidBy == "" || i < 0 {
		return nil, invented(CodeInventedTransaction, "nothing was paid in this session")
	}
	p := all[i]
	return map[string]any{
		"isSandbox": true,
		"client":    map[string]any{"subscriberId": p.SubscriberID, "language": f.language},
		"payment": map[string]any{"package": map[string]any{
			"packageId": p.PackageID, "price": p.Price, "currency": p.Currency,
		}},
		"transaction": []any{map[string]any{"transaction_id": p.TransactionID}},
	}, nil
}

// sdkAnswer is the frame of the SDK's answers: its errors have a message where those of the API
// have an errorMessage.
func sdkAnswer(result any, e *refusal) answer {
	head := map[string]any{"requestId": newRequestID(), "httpStatus": http.StatusOK}
	status := http.StatusOK
	if e != nil {
		status, result = e.status, []any{}
		head["httpStatus"], head["errorCode"], head["message"] = e.status, e.code, e.message
	}
	return jsonAnswer(status, map[string]any{"meta": head, "result": result})
}
