package ports

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// OutboxMonitor tells how the outbox stands. Needed by administrators and by metrics.
type OutboxMonitor interface {
	Status(ctx context.Context) (OutboxStatus, error)
}

// OutboxStatus is the outbox at an instant.
type OutboxStatus struct {
	Waiting  int64     // events that are to be published; those held behind a dead letter are not among them
	OldestAt time.Time // when the event was made that waits longest; zero when none waits
	Dead     int64     // dead letters that nobody has decided on
	Held     int64     // users whose events are held behind one
	Shards   []ShardStatus
}

// ShardStatus is one shard of the outbox at an instant.
type ShardStatus struct {
	Shard        int
	Waiting      int64
	Paused       bool
	DelayedUntil time.Time // after a failure; zero when it is not delayed
	LastID       int64     // the outbox id published last
	Position     StreamPosition
}

// DeadLetter is an event that the stream refused.
type DeadLetter struct {
	Event         OutboxEvent
	Reason        string
	Attempts      int
	FirstFailedAt time.Time
	LastFailedAt  time.Time
	Behind        int64      // later events of the user that it holds
	Resolved      Resolution // empty while nobody has decided
}

// Resolution is what was decided on a dead letter.
type Resolution string

// What may be decided. A retried event that the stream refuses again is an undecided dead letter again.
const (
	Retried   Resolution = "retried"
	Discarded Resolution = "discarded"
)

// DeadLetters are the events that the stream refused, and what is decided on them. Each decision is noted in the audit log in
// the transaction that carries it out.
type DeadLetters interface {
	// Dead returns at most limit dead letters after a cursor, which is an outbox id, by rising outbox id.
	Dead(ctx context.Context, filter DeadLetterFilter, after int64, limit int) ([]DeadLetter, error)
	// Retry makes a dead letter wait again, and with it the events of its user that it held, up to the user's next dead
	// letter. It returns domain.ErrNotFound when the event is no dead letter that is undecided.
	Retry(ctx context.Context, event domain.EventID, note domain.AuditEntry) error
	// Discard gives an event up: subscribers will never see it. The events of its user that it held wait again, up to the
	// user's next dead letter. It returns domain.ErrNotFound when the event is no dead letter that is undecided.
	Discard(ctx context.Context, event domain.EventID, note domain.AuditEntry) error
}

// DeadLetterFilter narrows dead letters.
type DeadLetterFilter struct {
	Event    domain.EventID // zero: any
	User     domain.UserID  // zero: of everybody
	Resolved bool           // those decided on as well
}

// OutboxSwitch stops and starts publication.
type OutboxSwitch interface {
	// SetPaused keeps a shard from being worked, or lets it again, by all replicas; nil means every shard. A batch under way is
	// brought to its end before it returns; where the database has no locks that other processes see, a batch of this process
	// alone, and one of another may still go out. Replays go on. A shard that may be worked again is not delayed any more. It
	// returns domain.ErrNotFound for a shard there is not.
	SetPaused(ctx context.Context, shard *int, paused bool, note domain.AuditEntry) error
}

// Replay is an order to send events again that were published before.
type Replay struct {
	ID          domain.ID
	RequestedAt time.Time
	Filter      ReplayFilter
	// To names where the events go: empty is the stream itself, at their own subjects and marked as replayed; a name is
	// menjin.replay.<name>.<subject without "menjin.">, which is no part of the stream.
	To         string
	Next       int64 // the highest outbox id that was sent or passed over
	Last       int64 // the highest there was when it was asked for: it goes no further
	Sent       int64
	FinishedAt time.Time // zero while it is at work
	Failure    string    // why it ended early; empty otherwise
}

// ReplayFilter picks events by what is set, all of it together.
type ReplayFilter struct {
	FromID, ToID int64 // outbox ids, both included
	Type         string
	User         domain.UserID // zero also of one who was forgotten since; no such replay is at work
	Since, Until time.Time     // when they were made; Until is not included
}

// MaxReplays is how many replays may be at work at once.
const MaxReplays = 20

// ReplayQueue is the replays that were asked for.
type ReplayQueue interface {
	// Request keeps a replay to be carried out, and returns it with its bounds set. Dead, held and waiting events are no part
	// of it: they are published when their time comes. It returns domain.ErrRateLimited while MaxReplays are at work.
	Request(ctx context.Context, replay Replay, note domain.AuditEntry) (Replay, error)
	// Replays returns at most limit replays, the newest first.
	Replays(ctx context.Context, limit int) ([]Replay, error)
	// Cancel ends a replay at work. It returns domain.ErrNotFound when there is none of that id at work.
	Cancel(ctx context.Context, id domain.ID, note domain.AuditEntry) error
	// Continue takes the oldest replay at work that nobody else has in hand and that is not left alone for now, and hands its
	// next events, at most limit, to send, by rising outbox id, with the furthest position recorded by any shard as Drain does.
	// When send returns nil it notes how far the replay is, or that it is finished. A *RejectedError ends the replay with its
	// reason. After any other error the replay stays where it is, and send's error is returned; unless it is a *RewoundError,
	// which lies in the stream, the replay is left alone then, for a second and, after each failure in a row, twice as long,
	// up to half a minute, so that it keeps no other from its turn. worked is false when there was nothing to do. A crash
	// between send and the note makes the same events be sent again.
	Continue(ctx context.Context, limit int, send Resend) (worked bool, err error)
}

// Resend is EventReplayer.Replay.
type Resend func(ctx context.Context, recorded StreamPosition, replay Replay, events []OutboxEvent) error

// ReplayArchive is the finished replays as they are swept: those asked for before the instant go.
type ReplayArchive interface{ Archive }

// EventReplayer sends events again.
type EventReplayer interface {
	// Replay sends events in the given order to where the replay says, marked with HeaderReplayed. To the stream each event
	// goes once for a replay, however often it is sent within the stream's duplicate window. It is a *RejectedError when one
	// of them will never be taken. To the stream it is a *RewoundError where EventStream.Publish would return one: what is sent
	// again makes the stream longer, and would hide what it has lost. Where the stream is another than recorded, or ends before,
	// nothing is sent.
	Replay(ctx context.Context, recorded StreamPosition, replay Replay, events []OutboxEvent) error
}

// HeaderReplayed is the header of a message that was sent again on request; its value is "true".
const HeaderReplayed = "ce-replayed"

// PublishedEvents are the events that were published and are still kept, as they are compared with the stream.
type PublishedEvents interface {
	// Published returns at most limit events that do not wait, are not dead and not held, by rising outbox id after a cursor.
	Published(ctx context.Context, after int64, limit int) ([]PublishedEvent, error)
	// RequeueEvents makes those of the events wait again that are published and kept, and returns how many.
	RequeueEvents(ctx context.Context, events []domain.EventID, note domain.AuditEntry) (int64, error)
}

// PublishedEvent is an event that was published, by its marks alone.
type PublishedEvent struct {
	ID      int64 // outbox id
	Event   domain.EventID
	UserID  domain.UserID
	Version int64
	At      time.Time
}

// StreamReader reads what the stream holds.
type StreamReader interface {
	// Scan hands over the marks of every event that was stored since an instant, by rising sequence, up to the stream's end as
	// it was at the call. Events sent again on request are left out. It ends early with each's error.
	Scan(ctx context.Context, since time.Time, each func(StoredEvent) error) error
}

// StoredEvent is a message of the stream, by its marks alone.
type StoredEvent struct {
	Sequence uint64
	Event    domain.EventID
	UserID   domain.UserID // zero of what WeChat pushed
	Version  int64
}
