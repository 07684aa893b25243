// Package menjin holds the events of Menjin as its subscribers see them: what every event tells of itself ([Event]), and
// a type for the data of each kind ([Registered], [SessionEnded] and so on).
//
// The packages beside it do the work:
//
//   - subscriber receives events from the stream, in order for each user, and never loses one.
//   - inbox gives a handler exactly-once effect: it remembers each event in the transaction that does the work.
//   - verifier proves access tokens without asking the service, and refuses those that ended before their time.
//
// A service that greets new users is ten lines:
//
//	conn, err := nats.Connect("nats://127.0.0.1:4222", nats.MaxReconnects(-1))
//	…
//	js, err := jetstream.New(conn)
//	…
//	greeter := subscriber.New(js, "greeter", subscriber.Options{})
//	greeter.OnRegistered(func(ctx context.Context, event menjin.Event[menjin.Registered]) error {
//		return greet(ctx, event.UserID)
//	})
//	err = greeter.Run(ctx) // until ctx ends
//
// Data grows: a later release may add members, which are passed over. What would break a reader is published as a new
// type with a higher version (menjin.user.registered.v2) beside the old, and no handler of the old one is given it.
//
// No event carries a phone number, e-mail, openid, unionid, token or nickname. Whoever may see them asks the API.
package menjin
