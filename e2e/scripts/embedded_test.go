package scripts_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

const embeddedPage = "docs/embedded.md"

var badRequest = sandbox.BadRequest(400008)

// member is a text in an answer's JSON.
func member(t *testing.T, answer shoptest.Reply, name string) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(answer.Text), &object); err != nil {
		t.Fatalf("%s: %v", answer.Text, err)
	}
	text, _ := object[name].(string)
	return text
}

func isJSON(text string) bool { return json.Valid([]byte(text)) }

// conversions are the payments that count for the campaign pro, and for none.
func (s *site) conversions(t *testing.T) (pro, none float64) {
	t.Helper()
	page := s.Admin(t, "/metrics")
	counted := func(campaign string) (sum float64) {
		for _, m := range regexp.MustCompile(`(?m)^`+shoptest.Conversions+
			`\{campaign="`+campaign+`",.*\} (\d+)$`).FindAllStringSubmatch(page, -1) {
			value, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += value
		}
		return sum
	}
	return counted("pro"), counted("")
}

// pays presses the form's button, and waits for the thanks.
func (s *site) pays(b *tab) {
	b.t.Helper()
	b.press("Pay 9.99 USD")
	b.sees("Thank you! Your payment has arrived.")
	if to := js[string](b, "location.href"); to != s.url+"/checkout" {
		b.t.Errorf("it ends at %s", to)
	}
}

func TestTheFormInThePage(t *testing.T) {
	s := openSite(t, embeddedPage, "The page")
	b := s.sits(t, ann)
	b.open(s.url + "/checkout?utm_source=news")
	b.sees("Pro, 9.90 EUR a month")
	b.until("Ann's address, which is fixed",
		`document.querySelector("input:disabled")?.value == "`+ann+`"`)
	b.press("Decline")
	b.sees("The payment was declined.")
	s.pays(b)

	sold := s.Zotlo.Payments()
	if len(sold) != 1 || sold[0].SubscriberID != ann || sold[0].PackageID != "pro-monthly" {
		t.Fatalf("sold %+v", sold)
	}
	if hook := string(s.Event(t, sandbox.KindPayment).Body); !strings.Contains(hook,
		`"utmSource":"news"`) {
		t.Errorf("the webhook is %s", hook)
	}
	if pro, none := s.conversions(t); pro != 1 || none != 0 {
		t.Errorf("%v payments for the campaign, %v for none", pro, none)
	}
	s.WantCalls(t, 0)
}

// TestAScriptThatChangesTheAttribution sells, and counts for no campaign.
func TestAScriptThatChangesTheAttribution(t *testing.T) {
	for name, change := range map[string]string{
		"another campaign": `params.customParameters.checkout.replace("c=pro", "c=max")`,
		"cut":              `params.customParameters.checkout.split("&h=")[0]`,
		"none":             `undefined`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openSite(t, embeddedPage, "The page", "form?.unmount();",
				"form?.unmount(); params.customParameters.checkout = "+change+";")
			b := s.sits(t, ann)
			b.open(s.url + "/checkout")
			s.pays(b)
			if pro, none := s.conversions(t); pro != 0 || none != 1 {
				t.Errorf("%v payments for the campaign, %v for none", pro, none)
			}
		})
	}
}

// TestAPriceInTheScriptIsNoPrice: the SDK has no such parameter.
func TestAPriceInTheScriptIsNoPrice(t *testing.T) {
	s := openSite(t, embeddedPage, "The page", "{ ...params, events",
		`{ ...params, price: "0.01", customPrice: "0.01", customCurrency: "USD", events`)
	b := s.sits(t, ann)
	b.open(s.url + "/checkout")
	s.pays(b)
	if sold := s.Zotlo.Payments(); sold[0].Price != "9.99" {
		t.Errorf("sold for %s", sold[0].Price)
	}
}

func TestAVisitorWhoIsNotSignedIn(t *testing.T) {
	s := openSite(t, embeddedPage, "The page")
	b := s.sits(t, "")
	b.open(s.url + "/checkout")
	b.arrives(s.url + "/login?next=%2Fcheckout")
}

func TestAGuestTypesTheirAddress(t *testing.T) {
	s := openSite(t, embeddedPage, "The page", "\t\treturn_url",
		"\t\tanonymous guest\n\t\treturn_url")
	b := s.sits(t, "")
	b.open(s.url + "/checkout")
	b.types("guest@example.com")
	s.pays(b)
	if sold := s.Zotlo.Payments(); sold[0].SubscriberID != "guest@example.com" {
		t.Errorf("sold to %s", sold[0].SubscriberID)
	}
	if pro, _ := s.conversions(t); pro != 1 {
		t.Error("a guest's payment counts for no campaign")
	}
}

// TestWhoHasPaidIsLedAway: the page follows the answer's url.
func TestWhoHasPaidIsLedAway(t *testing.T) {
	s := openSite(t, embeddedPage, "The page", "\t\t\tquote 9.90 EUR",
		"\t\t\tquote 9.90 EUR\n\t\t\tafter_payment /account")
	b := s.sits(t, ann)
	b.open(s.url + "/checkout")
	b.press("Pay 9.99 USD")
	b.arrives(s.url + "/account")
}

// TestAPageOfAnotherSiteCannotShowTheForm: without the policy it can, which shows that the policy
// does it.
func TestAPageOfAnotherSiteCannotShowTheForm(t *testing.T) {
	for policy, shown := range map[string]bool{
		"frame-ancestors 'none'": false, "default-src *": true,
	} {
		t.Run(policy, func(t *testing.T) {
			s := openSite(t, embeddedPage, "The page", "frame-ancestors 'none'", policy)
			s.write(t, "frame.html", `<!doctype html><iframe src="`+s.url+
				`/checkout" onload="document.title = 'loaded'"></iframe>`)
			b := s.sits(t, ann)
			b.open(s.app + "/frame.html")
			b.until("the frame", `document.title == "loaded"`)
			if shown {
				s.Logged(`"uri":"/checkout/start"`)
			} else if s.saw("GET", "/checkout/start") {
				t.Errorf("the frame's script ran:\n%s", s.Log)
			}
			if !s.saw("GET", "/checkout") {
				t.Error("the frame asked for nothing")
			}
		})
	}
}

// TestAnotherSiteGetsNoStart: a page of another site may not ask in its visitor's name, whatever
// CORS headers a site adds.
func TestAnotherSiteGetsNoStart(t *testing.T) {
	s := openSite(t, embeddedPage, "The page", "header /checkout* Content-Security-Policy",
		"header Access-Control-Allow-Origin *\n\theader /checkout* Content-Security-Policy")
	s.write(t, "other.html", `<!doctype html><button onclick="go()">Start</button><p></p><script>
		async function go() {
			const answer = await fetch("`+s.url+`/checkout/start");
			document.querySelector("p").textContent = answer.status + " " + (await answer.json()).detail;
		}</script>`)
	b := s.sits(t, ann)
	b.open(s.app + "/other.html")
	b.press("Start")
	b.sees("403 a checkout is not embedded in another page")
}

// TestTheStandInOfTheSDK refuses what the published one refuses.
func TestTheStandInOfTheSDK(t *testing.T) {
	s := openSite(t, embeddedPage, "The page")
	s.write(t, "sdk.html", `<!doctype html><div id="one"></div><div id="two"></div>
		<output></output><script src="`+s.APIURL()+sandbox.SDKPath+`zotlo-checkout.min.js"></script><script>
		const good = { token: "`+sandbox.DefaultApplicationKey+`", packageId: "pro",
			subscriberId: "ann@example.com", returnUrl: location.href };
		const say = (text) => { document.querySelector("output").textContent += text + "; "; };
		const starts = (change) => ZotloCheckout({ ...good, ...change }).then(
			() => say("starts"), (error) => say("refused"));
		const forms = (id) => document.querySelectorAll("#" + id + " form").length;
		(async () => {
			await starts({ token: "of somebody else" });
			say("no package");
			await starts({ packageId: "" });
			say("no subscriber");
			await starts({ subscriberId: "Ann" });
			await starts({ customParameters: "a text, which is dropped" });
			const form = await ZotloCheckout({ ...good, events: {
				onLoad: ({ sandbox, packageId }) => say("loaded " + sandbox + " " + packageId) } });
			form.mount("#one");
			form.mount(document.getElementById("one"));
			say("by selector and node " + forms("one"));
			form.mount("one");
			form.mount("two");
			say("twice " + forms("one") + forms("two"));
			form.refresh();
			form.unmount();
			say("after unmount " + forms("one"));
			const relative = await ZotloCheckout({ ...good, returnUrl: "/checkout", events: {
				onFail: ({ message }) => say("after the payment: " + message) } });
			relative.mount("two");
			say("end");
		})();</script>`)
	b := s.sits(t, "")
	b.open(s.url + "/sdk.html")
	b.sees("refused; no package; refused; no subscriber; refused; starts; by selector and node 0; " +
		"loaded true pro; twice 10; loaded true pro; after unmount 0; end")
	b.press("Pay")
	b.sees("after the payment: ")
	if sold := s.Zotlo.Payments(); len(sold) != 1 {
		t.Errorf("%d payments", len(sold))
	}
}

// TestTheSessionEndsOnAnotherPage: the SDK keeps it by path, so no page but the form's hears of the
// payment.
func TestTheSessionEndsOnAnotherPage(t *testing.T) {
	s := openSite(t, embeddedPage, "The page",
		"return_url https://shop.example.com/checkout", "return_url http://localhost:{$HTTP_PORT}/thanks")
	page := shoptest.Ask(t, s.Client, s.url+"/checkout.html")
	if page.StatusCode != http.StatusOK {
		t.Fatal(page.StatusCode)
	}
	s.write(t, "thanks.html", strings.ReplaceAll(page.Text, "/checkout.js", "/checkout.js?thanks"))
	b := s.sits(t, ann)
	b.open(s.url + "/checkout")
	b.press("Pay 9.99 USD")
	b.arrives(s.url + "/thanks?")
	b.sees("there is no such session")
}
