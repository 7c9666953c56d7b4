// Package linkgen makes personal checkout links: it asks Zotlo's API for one, keeps it while it may be used again, and
// stays calm when the API is not. It is a library for any Go server; it knows nothing of Caddy, logs nothing, and makes
// no network connection but the calls to the API.
//
//	cache := memorycache.New(memorycache.Config{})
//	generator, err := linkgen.New(linkgen.Config{
//		Projects: []linkgen.Project{{AccessKey: …, AccessSecret: …, ApplicationKey: …}},
//		Key:      secret, // at least 16 bytes
//		Cache:    cache,
//	})
//	…
//	link, err := generator.Link(ctx, linkgen.Order{LinkID: "123", Subscriber: …, IP: …})
//
// # The way of a link
//
// [Generator.Link] makes the [Key] of the order and looks into the [Cache]. On a miss the callers for one key wait for
// one call, which nobody's leaving ends. The call passes the [Limits], is retried once at most, and its answer is
// checked before anybody gets it:
//
//   - A link is given out for Config.TTL from the moment its call began, and never after [Generator.Forget].
//   - Only links of known subscribers are cached or shared. A guest gets one made for his click.
//   - Two different orders never share a link. What differs and what does not is said at [Generator.Key].
//   - A link is an absolute https URL to a plain host, in Project.LinkHosts if that is given, and not back to
//     Order.OwnHost. This is checked again for every link from the cache. (An API on loopback, which is a stand-in, may
//     give http links to loopback.)
//
// # When the API fails
//
// Errors are [*Error]: a [Reason], a text that a shopper may read, and a private cause that holds no link, secret,
// personal data, or word of the API's.
//
//   - Broken connections, 5xx and error 500000 are tried once more after a short random delay, 429 as well if its
//     Retry-After fits Limits.Timeout. Retries come out of a small reserve that a tenth of the answered calls fills again.
//   - A circuit breaker opens after five failures in a row or when half of the calls of a minute fail, and lets one call
//     try every five seconds. Errors of one request, 4xx, do not open it.
//   - A 429 pauses the project for its Retry-After, between a second and a minute.
//   - A 4xx is remembered for its order for a minute.
//   - Wrong keys or a wrong address (401002, 404001) pause the project; one call in 30 seconds looks whether they are
//     right by now.
//
// # What is not promised
//
// Breaker, pauses and limits are per process, as is the promise of one call per key: two nodes may make a link for one
// shopper at once, and one of them then dies unused. The API's place for the link, its rate limit and the status of its
// error codes are not published; what is assumed about them is in one file, wire.go.
//
// # Life
//
// A [Generator] is made anew for each configuration; its [State] and its [Cache] are kept, so that a reload forgets no
// pause and no link. Old and new Generators may work at once. All that is remembered on behalf of strangers is bounded.
package linkgen
