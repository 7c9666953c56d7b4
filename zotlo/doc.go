// Package zotlo is how Zotlo is asked, and what it says: its API with retry, circuit breaker, rate
// and pauses, and its webhooks. It is a library for any Go server; it knows nothing of links'
// caches, campaigns or Caddy, logs nothing, and imports nothing else of this module.
//
//	client, err := zotlo.NewClient(zotlo.Config{Project: zotlo.Project{AccessKey: …}, State: state})
//	…
//	err = client.TakeTurn(ctx)
//	link, err := client.OneLink(ctx, zotlo.LinkRequest{LinkID: "123", Subscriber: "ada@example.com"})
//
// # When the API fails
//
// Errors are [*Error]: a result out of a closed set, and a cause that holds no link, secret,
// personal data, or text of the API's.
//
//   - Broken connections, 5xx and error 500000 are tried once more after a short random delay, 429
//     as well if its Retry-After fits Config.Timeout. Retries come out of a small reserve that a
//     tenth of the answered calls fills again.
//   - A circuit breaker opens after five failures in a row or when half of the calls of a minute
//     fail, and lets one call try every five seconds. Errors of one request, 4xx, do not open it.
//   - A 429 pauses the project for its Retry-After, between a second and a minute.
//   - Wrong keys or a wrong address (401002, 404001) pause the project; one call in 30 seconds
//     looks whether they are right by now. A bare 401 or 404 does so only if the same keys had no
//     success within the last minute; else it refuses that one request.
//
// # Reads
//
// [Client.Transaction] reads one payment; [Client.Payments], [Client.Refunds] and
// [Client.Subscriptions] read the exports:
//
//	for record, err := range client.Payments(from, to).Records(ctx) { … }
//
// They need no TakeTurn. They go after the calls that make links, eight at once, and have a breaker
// and pauses of their own: what a read is told stops no shopper, but what stops shoppers stops
// reads.
//
// # What is not promised
//
// Breakers are per process, and so are pauses and rate without a [Pacer]. With one, several processes
// with the same keys keep to one rate and pause together, as far as the Pacer answers; a pause is
// known to the others a quarter of a second later. Their clocks should agree to a second or so.
//
// The API's place for a link, its rate limit and the status of its error codes are not published;
// what is assumed about them is in wire.go and onelink.go.
package zotlo
