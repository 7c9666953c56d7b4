package zotlo

// This file holds what Zotlo's Checkout SDK is started with in a page: the parameters of its function
// ZotloCheckout, https://github.com/Zotlo/zotlo-checkout.

// Start is what the SDK is started with, as far as a server knows it. Its JSON is the SDK's own.
// Price, currency and base link are none of its parameters: it sells a package of the project, at
// the package's own price.
type Start struct {
	// Token is the project's application key. The SDK sends it from the browser, so it is public.
	Token     string `json:"token"`
	PackageID string `json:"packageId"`
	// SubscriberID is an e-mail address, a phone number or a UUID. Without one the form asks.
	SubscriberID string `json:"subscriberId,omitempty"`
	Language     string `json:"language,omitempty"`
	// ReturnURL is absolute: the SDK parses it after a payment, and fails there otherwise.
	ReturnURL string `json:"returnUrl"`
	// CustomParameters is an object; the SDK drops anything else without a word.
	CustomParameters map[string]any `json:"customParameters"`
}

// CustomParameters are parameters with dotted keys as the object that a link or the SDK takes, with
// checkout in it, if there is one. A parameter that begins with checkout is dropped, whatever it
// holds: the attribution has one writer.
func CustomParameters(parameters []Field, checkout string) map[string]any {
	object := nest(parameters)
	delete(object, "checkout")
	if checkout != "" {
		object["checkout"] = checkout
	}
	return object
}
