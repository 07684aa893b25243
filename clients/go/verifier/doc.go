// Package verifier proves access tokens of Menjin where they are used, without a call to the service for each request.
//
//	v := verifier.New("https://id.example.com/.well-known/jwks.json", verifier.Options{Feed: js})
//	go v.Run(ctx) // follows who was logged out, locked or deleted
//
//	http.Handle("/orders", v.Middleware(orders))
//
//	func orders(w http.ResponseWriter, r *http.Request) {
//		caller, _ := verifier.FromContext(r.Context())
//		fmt.Fprintln(w, caller.UserID, caller.HasRole("admin"))
//	}
//
// # What is checked
//
// The signature, EdDSA or ES256, by a key that the service publishes; issuer, audience and expiry; and that the session behind
// the token has not ended before its time. The algorithm is the key's and never the token's word: "none", HS256 and an unknown
// key are refused.
//
// # How fresh it is
//
// A logout or lock is refused here as soon as its event has come through the stream, usually within milliseconds.
// [Verifier.Staleness] says for how long the stream has not confirmed that everything was received; it is renewed every second.
// Beyond Options.MaxStaleness (30 s) every token is answered with ErrUnavailable, unless Options.ServeStale asks to go on. So a
// dead token is accepted for at most MaxStaleness after its event was stored, to which comes what the service needs to store it (see
// its lag), whatever fails. A process that starts reads back what happened within the longest token life, and accepts
// nothing before that is done.
//
// Keys are fetched again when the service's Cache-Control says so, and at once for a token that names an unknown one, but at most
// every five seconds: within them a token whose key is not known is answered with ErrUnavailable, as its key may be a new one, whoever
// brought about the last fetch. While the service cannot be reached the last keys go on to be used for Options.KeysMaxAge (a day).
//
// Idle sessions are the service's knowledge alone: a token goes on here to its expiry when its session was merely idle. Where
// that matters, ask the service's /api/auth/check.
//
// Without Options.Feed no token is refused before it expires, however its session ended.
package verifier
