// Package kittest is for the tests of those who subscribe to Menjin: a NATS server in the test's process with the stream that
// the service makes, and a publisher that writes events as the service does.
//
//	func TestNewUserIsGreeted(t *testing.T) {
//		server := kittest.Start(t)
//		greeter := subscriber.New(server.JetStream(t), "greeter", subscriber.Options{})
//		…
//		server.Publish(t, kittest.Registered("0193b1d0-…", 1))
//	}
//
// It is a module of its own, so that the kit depends on no server.
package kittest
