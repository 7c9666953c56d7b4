package main

// said is what the panel says of an outcome.
type said struct{ tone, headline, detail string }

// saidOf finds the words for an outcome; a link's differ by where it came from.
func saidOf(outcome, source string) said {
	if outcome == "link" {
		outcome += "/" + source
	}
	if words, ok := outcomeSaid[outcome]; ok {
		return words
	}
	return said{"calm", "The module answered", ""}
}

var outcomeSaid = map[string]said{
	"link/api": {
		"good", "A personal link, fresh from Zotlo",
		"The token was checked, an offer was chosen, and Zotlo created a link for exactly this " +
			"person.",
	},
	"link/guest": {
		"good", "A link without a name, fresh from Zotlo",
		"This route serves anonymous visitors, too, and nobody has vouched for who this one is. " +
			"The link is for this click alone, and is not stored.",
	},
	"link/cache": {
		"good", "A personal link, from the cache",
		"The same person wants the same offer again: nobody had to ask Zotlo.",
	},
	"link/shared": {
		"good", "A personal link, shared",
		"The same link was already being fetched for another request, so this one waited for it.",
	},
	"embed": {
		"good", "What a payment form is started with",
		"The form stands in the shop's own page. It was told the package, the person and the " +
			"attribution; no API was called.",
	},
	"subscribed": {
		"good", "Subscribed already",
		"Their subscription runs. They go to their account, and nobody sells them a second one.",
	},
	"after_payment": {
		"good", "Already paid",
		"A webhook said so. The shopper is not asked to pay twice.",
	},
	"anonymous": {
		"calm", "An anonymous visitor",
		"There is no session. The route says where anonymous visitors go.",
	},
	"bad_token": {
		"calm", "A session that no longer counts",
		"The token has expired or was not signed by this shop. Its owner may sign in again.",
	},
	"no_subscriber": {
		"calm", "Nobody to create a link for",
		"The token is good, but it holds no confirmed e-mail address or phone number. Signing in " +
			"again would not help.",
	},
	"keys_unavailable": {
		"bad", "Keys could not be fetched",
		"Nobody can be recognised without them.",
	},
	"no_campaign": {"calm", "No campaign is active", "The next handler answered."},
	"prefetch": {
		"calm", "Only a guess of the browser",
		"It wanted the page before anybody pressed. No link is created for that.",
	},
	"embedded": {
		"calm", "Not a click",
		"An image, a frame or a script asked. A checkout is for people who come themselves.",
	},
	"early_data": {
		"calm", "Might be a replay",
		"The request came before the handshake was complete.",
	},
	"head":   {"calm", "A HEAD request", "Answered without asking anybody."},
	"method": {"calm", "A method that makes no sense here", ""},
	"limited": {
		"bad", "Too many links for one person",
		"The module protects Zotlo from a stuck finger.",
	},
	"busy": {"bad", "Too many calls at once", "No API call became free in time."},
	"throttled": {
		"bad", "Zotlo asked for a pause",
		"The API answered 429. Until the pause is over, nobody is sent there in vain.",
	},
	"refused": {
		"bad", "Zotlo refused",
		"It answered, but with no link. The same question is not asked again for a minute.",
	},
	"untrusted_link": {
		"bad", "A link that leads elsewhere",
		"The host is not in link_hosts, so no shopper is sent there.",
	},
	"unavailable": {
		"bad", "Zotlo cannot be reached",
		"One retry did not help. If this goes on, the module stops asking for a few seconds.",
	},
	"timeout": {"bad", "Zotlo took too long", "Four seconds are enough for a shopper."},
	"bad_offer": {
		"bad", "A price that cannot be sold",
		"The campaign's price or link is missing or out of bounds. It is never guessed.",
	},
	"no_address": {
		"bad", "Nobody knows where the click came from",
		"A proxy before Caddy does not say. Zotlo chooses price and currency by the address.",
	},
	"left": {"calm", "The shopper left", ""},
	"panic": {
		"bad", "A mistake in the module",
		"One shopper got an error page, and nobody else noticed.",
	},
}

// answerWords are the access log's words for what the shopper got.
var answerWords = map[string]string{
	"link":     "to the checkout",
	"json":     "with JSON",
	"redirect": "to another page",
	"fallback": "to the fallback page",
	"next":     "from the next handler",
	"error":    "an error page",
}
