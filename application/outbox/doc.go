// Package outbox brings committed events to the stream: [Relay] publishes what waits, [Reconcile] finds out what the stream
// has lost and makes it wait again. Between them nothing committed is lost, and one user's events arrive in order.
package outbox
