// Package linkgen makes personal checkout links: it asks Zotlo's API for one, keeps it while it may
// be used again, and stays calm when the API is not. It is a library for any Go server; it knows
// nothing of Caddy, logs nothing, and makes no network connection but the calls to the API, which
// package zotlo carries.
//
//	cache := memorycache.New(memorycache.Config{})
//	generator, err := linkgen.New(linkgen.Config{
//		Projects: []linkgen.Project{{Project: zotlo.Project{AccessKey: …}}},
//		Key:      secret, // at least 16 bytes
//		Cache:    cache,
//	})
//	…
//	order := generator.Prepare(linkgen.Order{LinkID: "123", Subscriber: …, IP: …})
//	link, err := generator.Link(ctx, order, r.Host)
//
// # The way of a link
//
// [Generator.Prepare] seals an order with the [Key] of its link. [Generator.Link] looks into the
// [Cache]; on a miss the callers for one key wait for one call, which nobody's leaving ends. The
// call passes the [Limits], and its answer is checked before anybody gets it:
//
//   - A link is given out for Config.TTL from the moment its call began, and never after
//     [Generator.Forget], even where the cache could not be asked to forget it.
//   - Only links of known subscribers are cached or shared. A guest gets one made for their click.
//   - Two different orders never share a link. What differs and what does not is said at
//     [Generator.Prepare].
//   - A link is an absolute https URL to a plain host, in Project.LinkHosts if that is given, and
//     not back to the request's own host. This is checked again for every link from the cache. (An
//     API on loopback, which is a stand-in, may give http links to loopback.)
//
// # When there is no link
//
// Errors are [*Error]: a [Reason], a text that a shopper may read, and a private cause that holds
// no link, secret, personal data, or text of the API's. Retry, circuit breaker and pauses are
// package zotlo's. A 4xx is remembered for its order for a minute. Anyone who got no link paid
// nothing of Limits.PerSubscriber and Limits.PerIP.
//
// # What is not promised
//
// Limits are per process, but for Limits.Rate with a Config.Pacer. So is the promise of one call per
// key: two nodes may make a link for one shopper at once, and one of them then dies unused.
//
// # Life
//
// A [Generator] is made anew for each configuration; its [State] and its [Cache] are kept, so that
// a reload forgets no pause and no link. Old and new Generators may work at once. All that is
// remembered on behalf of anonymous visitors is bounded.
package linkgen
