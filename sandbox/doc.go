// Package sandbox is a stand-in for Zotlo: the one-link API, the hosted
// checkout page a personal link leads to, the webhooks that a payment sends, and
// the reads that tell what was sold. No money moves. It is one plain http.Handler, keeps everything in
// memory, and needs nothing but the standard library.
//
// # In a test
//
// Start it like any handler, point the code under test at it, ask what came:
//
//	zotlo := sandbox.New(sandbox.Config{})
//	srv := httptest.NewTLSServer(zotlo)
//	defer srv.Close()
//	// … POST srv.URL + sandbox.OneLinkPath with the keys of Config …
//	if zotlo.Calls() != 1 { … }
//	link, _ := zotlo.Link(url) // for whom, with which fields, still open?
//
// A plain httptest.NewServer works as well. Links are always https URLs unless
// Config.PublicURL says otherwise, because a client may refuse any other; so
// over a plain server the pages are reached by the path of the link. Without
// any network, inside a testing/synctest bubble for instance, use
// [Sandbox.Transport].
//
// # As a process
//
// To try a Caddyfile without Zotlo's keys, run cmd/sandbox: it serves a sandbox
// on loopback and prints what the Caddyfile and its environment need. Scripts
// pay, refund, cancel and look through [DoorPath]; [DoorHelp] lists how.
//
// # Trouble
//
// [Sandbox.Fail] makes every call go wrong in one way, [Sandbox.FailNext] the
// next few, [Sandbox.FailIf] those that a function picks; [Sandbox.Heal] ends
// it all. A [Fault] is a plain struct: take a ready one ([RateLimited],
// [ServerError], [CutOff] …) or fill in your own. [Sandbox.Reads] has the same
// for the reads. [Sandbox.LoseNext] and [Sandbox.SetPost] lose, repeat and
// shuffle webhooks.
//
// # Time
//
// Links live for one hour, webhooks are repeated for several, both on
// Config.Now. Pass the Now of a [Clock], move it with [Clock.Advance], and call
// [Sandbox.Deliver] to send what has fallen due. A process on the real clock
// calls [Sandbox.Run] instead.
//
// [Sandbox.Shift] moves the whole sandbox to another day: a process on the real
// clock sells the past with it.
//
// # What is sold
//
// A link sells the product of its checkoutLinkId: Config.BaseLinks, which
// [ReadCatalog] reads from a file. A customPrice makes it a one-time payment.
// [PayOption]s change a sale: [Trial], [Quantity], [WithDiscount], [Charge],
// [InTestMode], [MarkedAsSandbox] and others. [Sandbox.Upsell] sells something
// else under a link that is paid.
//
// # In a page
//
// SDKPath serves a stand-in of the Checkout SDK: zotlo-checkout.min.js, which
// defines ZotloCheckout as the published one does. It takes the same start
// values, sells the package that they name without a link, and sends the same
// webhooks. A package is known if a base link sells it.
//
// # What becomes of it
//
// The buttons of the pages and the methods do the same. [Sandbox.Pay] kills the
// link and sends the payment, status and registration webhooks to the addresses
// in Config.Webhooks. [Sandbox.Renew], [Sandbox.Upgrade], [Sandbox.Downgrade],
// [Sandbox.Cancel], [Sandbox.CancelNow], [Sandbox.Reactivate],
// [Sandbox.FailRenewal], [Sandbox.Recover], [Sandbox.Lapse], [Sandbox.Pause] and
// [Sandbox.Resume] continue the story of a subscription, each with the webhook
// that Zotlo sends of it; [Sandbox.Status] sends any other. [Sandbox.Refund],
// [Sandbox.RefundPart] and [Sandbox.ChargeBack] give money back.
//
// The first try of a webhook happens before the method returns, so a test needs
// no waiting. Any answer but exactly 200 is a failure and is repeated on Zotlo's
// schedule. For repeats and for another order, call [Sandbox.HoldWebhooks] and
// then [Sandbox.Send] with the events of [Sandbox.Events], as often and in
// whatever order the test wants. [Sandbox.SendCopy] delivers one of them under a
// new requestID.
//
// # What the reads say
//
// [TransactionDetailPath] and the three exports tell of the sandbox's own sales:
// [Sandbox.Payments], [Sandbox.Refunds], [Sandbox.Subscriptions]. Sales of test
// mode are a world of their own. Dates bear no zone and are UTC. The reads of a
// subscriber's profile and of their subscriptions are not played.
//
// # What it does not promise
//
// It follows Zotlo's published reference (https://docs.zotlo.com), and nothing
// here was tried against the live service. Where the reference is silent the
// sandbox had to choose, and a client must not rely on the choice. [Doubts] has
// the sandbox answer many of these questions otherwise:
//
//   - that the link stands in result.onelink, and what a link looks like;
//   - that code 401002 comes with HTTP 401, and 404001 with 404;
//   - how an export is ordered and ends, and the names of most members of its
//     records;
//   - the names in coupon_campaign, and the event types of a pause;
//   - all codes named CodeInvented…: Zotlo publishes none for these mistakes;
//   - which languages, addresses, prices and currencies are accepted;
//   - that custom parameters come back in merchantParameters
//     ([ParametersAtTop] puts them in the other likely place);
//   - that a custom price is the price the payment webhook names;
//   - that a refund of a part names the part in refund_price;
//   - that isSandbox marks a payment of Zotlo's own sandbox ([MarkedAsSandbox]).
//
// It checks what a client sends more strictly than Zotlo is known to: scalars
// must be strings as in the published sample, and a price needs its currency.
// Its speed says nothing about Zotlo's. Memory is bounded: the newest requests,
// links, payments and webhooks are kept, older ones are forgotten (Config says
// how many), and a link that is forgotten can no longer be opened.
//
// Everything is safe for concurrent use.
package sandbox
