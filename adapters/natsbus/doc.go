// Package natsbus joins the service to NATS: it publishes events to a JetStream stream for the relay, carries hints
// between relays, and brings back from the stream what concerns sessions. [Connect] uses a NATS that runs elsewhere,
// [StartEmbedded] one inside the process, which other services on the machine may subscribe to.
//
// Order is what the publisher is built around. A message is sent only once the one before it of the same user is
// acknowledged, whatever a dying connection or a change of leader in a cluster does to what was under way. The
// publisher's connection never reconnects by itself: a broken one is thrown away, and on the next one the stream is
// looked at before anything is sent. When it is another stream, or shorter than it was, nothing is published until the
// relay has compared it with the outbox.
package natsbus
