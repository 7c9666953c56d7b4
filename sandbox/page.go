package sandbox

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// maxQuantity is how many pieces the page sells at once.
const maxQuantity = 1000

// hosted is the checkout page of a personal link.
type hosted struct {
	books      *books
	mail       *mail
	successURL string
}

// serve answers /pay/{id} and the actions below it.
func (h hosted) serve(w http.ResponseWriter, r *http.Request, id, action string) {
	switch action {
	case "", "receipt":
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			notAllowed(w, "GET, HEAD")
			return
		}
		if action == "" {
			h.showCheckout(w, r, id, "", "")
			return
		}
		h.showReceipt(w, id)
	case "pay", "fail", "expire":
		if r.Method != http.MethodPost {
			notAllowed(w, "POST")
			return
		}
		h.act(w, r, id, action)
	default:
		h.showDead(w, ErrNoLink)
	}
}

// act is a press of one of the three buttons. It answers with a redirect, so
// that reloading the page presses nothing again.
func (h hosted) act(w http.ResponseWriter, r *http.Request, id, action string) {
	var err error
	// Locations are relative: the sandbox may stand below a path of a proxy.
	next := "../" + url.PathEscape(id)
	switch action {
	case "fail":
		err = h.books.Decline(id)
	case "expire":
		err = h.books.Expire(id)
	default:
		next = "receipt"
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		// The typed subscriber is checked before anything is charged.
		typed := r.PostFormValue("subscriber")
		if typed != "" && !isSubscriber(typed) {
			h.showCheckout(w, r, id, typed,
				"This is no e-mail address, phone number (digits only) or UUID.")
			return
		}
		err = h.press(id, r.PostForm)
	}
	switch {
	case errors.Is(err, ErrNoSubscriber):
		h.showCheckout(w, r, id, "", "Please say who pays.")
	case errors.Is(err, ErrSubscribed):
		h.showCheckout(w, r, id, r.PostFormValue("subscriber"),
			"You have a running subscription to this already.")
	case err != nil:
		h.showDead(w, err)
	default:
		w.Header().Set("Location", next)
		setPageHeader(w, "default-src 'none'")
		w.WriteHeader(http.StatusSeeOther)
	}
}

// press pays as the form says.
func (h hosted) press(id string, form url.Values) error {
	var opts []PayOption
	if typed := form.Get("subscriber"); typed != "" {
		opts = append(opts, As(typed))
	}
	if form.Get("trial") != "" {
		opts = append(opts, Trial())
	}
	// What is no number is one piece, as an empty field is.
	if n, err := strconv.Atoi(form.Get("quantity")); err == nil {
		opts = append(opts, Quantity(min(n, maxQuantity)))
	}
	if percent, err := strconv.Atoi(form.Get("percent")); err == nil && form.Get("coupon") != "" {
		opts = append(opts, WithDiscount(Discount{
			Code: form.Get("coupon"), Percent: percent, Recurring: form.Get("recurring") != "",
		}))
	}
	_, err := h.books.Pay(id, opts...)
	return err
}

// showCheckout shows the page of an open link; with a complaint, again.
func (h hosted) showCheckout(
	w http.ResponseWriter, r *http.Request, id, typed, complaint string,
) {
	open, err := h.books.openLink(id)
	if err != nil {
		h.showDead(w, err)
		return
	}
	v := newCheckout(open, h.books.clock.now())
	v.Typed, v.Notice = typed, complaint
	v.Picture = ownPicture(r, cmp.Or(open.ProductImage, open.Base.ProductImage))
	// A declined card is no mistake of the form: the page is 200, as it was before.
	status := http.StatusOK
	switch {
	case complaint != "":
		status = http.StatusUnprocessableEntity
	case open.Declined > 0:
		v.Notice = "The payment was declined. You can try again."
	}
	h.render(w, status, "checkout", v)
}

// showReceipt shows what was paid, and how its webhooks fared.
func (h hosted) showReceipt(w http.ResponseWriter, id string) {
	p, product, ok := h.books.receipt(id)
	if !ok {
		h.showDead(w, ErrNoLink)
		return
	}
	v := view{Heading: "Paid, in the sandbox", Payment: p, Product: product}
	// Only the webhooks of this payment: a renewal has a transaction of its own.
	for _, e := range h.mail.Events() {
		if e.TransactionID == v.Payment.TransactionID {
			v.Events = append(v.Events, e)
		}
	}
	h.render(w, http.StatusOK, "receipt", v)
}

// showDead answers for a link that cannot be opened: 410, or 404 if it is not
// known.
func (h hosted) showDead(w http.ResponseWriter, err error) {
	status := http.StatusGone
	v := view{}
	switch {
	case errors.Is(err, ErrPaid):
		v.Heading = "This checkout is paid"
		v.Description = "Thank you. A checkout link can be paid once; there is nothing left to " +
			"do here."
	case errors.Is(err, ErrExpired):
		v.Heading = "This checkout link has expired"
		v.Description = "Links live for one hour; the button in the shop gets a new one. " +
			"If this one was expired by hand, the shop may lead here again, until the ttl of its " +
			"cache is over or “caddy checkout purge” makes it forget."
	default:
		status = http.StatusNotFound
		v.Heading = "No such checkout link"
		v.Description = "The address is incomplete, or the sandbox has been restarted since the " +
			"link was created."
	}
	h.render(w, status, "dead", v)
}

// render shows one of the pages of a link.
func (h hosted) render(w http.ResponseWriter, status int, name string, v view) {
	v.Nonce = rand.Text()
	v.SuccessURL = h.successURL
	render(w, status, name, v.Nonce, v.Picture, v)
}
