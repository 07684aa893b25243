package ports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// Message is an event as it is written down and sent.
type Message struct {
	ID            domain.EventID
	Type          string // CloudEvents type, e.g. "menjin.user.registered.v1"
	SchemaVersion int
	Subject       string        // where it is published, e.g. "menjin.user.registered.<user id>"
	UserID        domain.UserID // of what WeChat pushed, which has no user, the event's own id
	UserVersion   int64
	At            time.Time
	Data          []byte            // JSON
	Headers       map[string]string // what does not follow from the fields above, e.g. traceparent
}

// HeaderUserID is the header of a message that WeChat pushed about a known user, whose id is its value: the messages of a user
// who is deleted are found by it.
const HeaderUserID = "menjin-user-id"

// EventCodec writes events down. It is handed to stores, so that one that could never be published is refused before it is
// committed.
type EventCodec interface {
	Encode(event domain.Event) (Message, error)
}

// OutboxEvent is a committed message. IDs rise in the order in which the events of one user were made.
type OutboxEvent struct {
	ID int64
	Message
}

// OutboxQueue is the outbox as the relay works it. Events lie in shards, all of one user's in one; a shard is worked by one
// relay at a time, however many replicas there are.
type OutboxQueue interface {
	// Drain takes the oldest waiting events of a shard nobody else works, at most limit, by rising id, and hands them to
	// publish with the furthest position recorded by any shard, zero before the first. When publish returns nil they wait no
	// longer and the position it returned is recorded, unless it lies before that one in the same stream; otherwise they go on
	// waiting, and Drain returns its error. publish is not called when there is nothing to do. The context publish gets has
	// the deadline by which the shard may be given to another relay: nothing may be sent after it.
	Drain(ctx context.Context, limit int, publish Publish) (Drained, error)
	// Delay keeps a shard from being worked until an instant, for all replicas. One that lies further ahead than LongestDelay is
	// over: the clock that it was set by has been put right since, or is not like the others'.
	Delay(ctx context.Context, shard int, until time.Time) error
	// Bury takes an event that the stream will never store out of the queue and keeps it among the dead letters, with the
	// reason; the user's later events are held behind it. Burying one twice is no error.
	Bury(ctx context.Context, event domain.EventID, reason string, now time.Time) error
}

// LongestDelay is more than anything in the outbox is left alone for after a failure.
const LongestDelay = time.Minute

// Publish is EventStream.Publish.
type Publish func(ctx context.Context, recorded StreamPosition, events []OutboxEvent) (StreamPosition, error)

// Drained is what one Drain did.
type Drained struct {
	Shard  int
	Events int  // how many were published, or, with an error, should have been
	Full   bool // as many were taken as were asked for, held ones included: more may wait in the shard
	More   bool // events were published, and there are other shards, whose commits may have been announced together with theirs
	Busy   bool // nothing was done because other relays work every shard
}

// OutboxLedger is the outbox as it is compared with the stream.
type OutboxLedger interface {
	// Position returns the furthest position any shard has recorded, the zero value before the first.
	Position(ctx context.Context) (StreamPosition, error)
	// Requeue makes published events wait again: those whose id is above that of the event, less margin, or, for the zero
	// EventID or one that is not kept any more, every event still kept. It records where, and returns how many it put back.
	// Dead and held events are left alone.
	Requeue(ctx context.Context, after domain.EventID, margin int64, position StreamPosition) (int64, error)
}

// OutboxArchive is the outbox as it is swept: events made before the instant go, but those that wait, are dead or are held
// stay, however old.
type OutboxArchive interface{ Archive }

// EventHistory shows the events of a user that are still kept. Needed by the export.
type EventHistory interface {
	// EventsOf returns the user's events by rising version, and then what WeChat pushed about the user, the oldest first.
	EventsOf(ctx context.Context, user domain.UserID) ([]Message, error)
}

// ErrEventsWait says that some of a user's events are still to be published.
var ErrEventsWait = errors.New("events of the user still wait to be published")

// EventEraser forgets the published events of users who were deleted. Needed once their last event is on the stream.
type EventEraser interface {
	// Forget drops the user's events below a version from what is kept, those that still wait excepted, and all that WeChat
	// pushed about the user, which need not come before the last event, waiting or not. Dead and held events stay. Where events
	// below the version still wait it returns ErrEventsWait, having dropped the others: it is to be called again. Replays that
	// ask for the user end, and keep the id no longer. It waits for what is being sent again: once it returns, no replay sends
	// an event that it dropped.
	Forget(ctx context.Context, user domain.UserID, below int64) error
}

// StreamEraser forgets messages of the stream.
type StreamEraser interface {
	// Purge drops the user's messages from the stream, all but the one that tells of the deletion, and those with the user in
	// HeaderUserID. One that was cut off goes on when it is called again.
	Purge(ctx context.Context, user domain.UserID) error
}

// StreamPosition is a place in a stream, and which stream it was.
type StreamPosition struct {
	Stream   string // changes when the stream is made anew
	Sequence uint64
}

// EventStream is where the relay publishes.
type EventStream interface {
	// Publish stores the messages in the given order, each once however often it is sent within the stream's duplicate
	// window, and returns the position of the last. It sends nothing after the context's deadline. An error means that some
	// may be stored and some not; sending all of them again is safe. It is a *RejectedError when the stream will never take
	// one of them, and a *RewoundError when the stream is not the one that recorded speaks of, or took a message that it did
	// not know at or below recorded: then it has lost what it had acknowledged there before.
	Publish(ctx context.Context, recorded StreamPosition, messages []OutboxEvent) (StreamPosition, error)
	// Tail returns where the stream ends.
	Tail(ctx context.Context) (StreamPosition, error)
	// EventAt returns the event that lies at a sequence, or the nearest one below it; zero when there is none.
	EventAt(ctx context.Context, sequence uint64) (domain.EventID, error)
}

// RejectedError says that the stream will not store an event, now or later.
type RejectedError struct {
	Event  domain.EventID
	Reason string // for the operator; holds nothing of the message
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("event %s rejected by the stream: %s", e.Event, e.Reason)
}

// RewoundError says that the stream went back to an earlier state, or is another one: it holds the events up to Intact, and
// nothing of what it had acknowledged after that.
type RewoundError struct {
	Intact StreamPosition
}

func (e *RewoundError) Error() string {
	return fmt.Sprintf("stream went back to sequence %d", e.Intact.Sequence)
}

// RelayHints carries "there is work" between the relays of several replicas. It is best effort: polling is the net below.
type RelayHints interface {
	// Hint tells the other replicas. It does not block, and drops hints that come too fast.
	Hint()
	// Hints receives from other replicas until the adapter is closed.
	Hints() <-chan struct{}
}
