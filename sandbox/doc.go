// Package sandbox is a stand-in for Zotlo: the one-link API, the hosted
// checkout page a personal link leads to, and the webhooks that a payment
// sends. No money moves. It is one plain http.Handler, keeps everything in
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
// on loopback and prints what the Caddyfile and its environment need.
//
// # Trouble
//
// [Sandbox.Fail] makes every call go wrong in one way, [Sandbox.FailNext] the
// next few, [Sandbox.FailIf] those that a function picks; [Sandbox.Heal] ends
// it all. A [Fault] is a plain struct: take a ready one ([RateLimited],
// [ServerError], [CutOff] …) or fill in your own.
//
// # Time
//
// Links live for one hour, webhooks are repeated for several, both on
// Config.Now. Pass the Now of a [Clock], move it with [Clock.Advance], and call
// [Sandbox.Deliver] to send what has fallen due. A process on the real clock
// calls [Sandbox.Run] instead.
//
// # Payments and webhooks
//
// The buttons of the page and the methods do the same. [Sandbox.Pay] kills the link and sends the
// payment, status and registration webhooks to the addresses in Config.Webhooks; [Sandbox.Renew],
// [Sandbox.Refund], [Sandbox.RefundPart] and [Sandbox.Status] continue the story. A [PayOption]
// changes a payment: [Trial], [Charge], [MarkedAsSandbox] and others. The first try happens before
// the method returns, so a test needs no waiting. Any answer but exactly 200 is a failure and is
// repeated on Zotlo's schedule. For repeats and for another order, call [Sandbox.HoldWebhooks] and
// then [Sandbox.Send] with the events of [Sandbox.Events], as often and in whatever order the test
// wants. [Sandbox.SendCopy] delivers one of them under a new requestID.
//
// # What it does not promise
//
// It follows Zotlo's published reference (https://docs.zotlo.com), and nothing
// here was tried against the live service. Where the reference is silent the
// sandbox had to choose, and a client must not rely on the choice:
//
//   - that the link stands in result.onelink, and what a link looks like;
//   - that code 401002 comes with HTTP 401, and 404001 with 404;
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
