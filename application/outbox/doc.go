// Package outbox brings committed events to the stream: [Relay] publishes what waits, [Reconcile] finds out what the stream
// has lost and makes it wait again. Between them nothing committed is lost, and one user's events arrive in order. On request
// [Replays] sends events again, and [Verify] compares the outbox with the stream event by event.
package outbox
