package domain

import "time"

// AuditEntry says who did what to whom, from where and when. It names users by id alone and holds nothing personal, so that it
// can outlive them: once a user is deleted, a pseudonym stands for the id, and addresses are gone.
type AuditEntry struct {
	ID        ID
	At        time.Time
	Actor     Actor
	Action    AuditAction
	Target    UserID // zero where nobody in particular is concerned
	Detail    string // a word or two of the action's own: a reason given, the roles granted
	IP        string
	RequestID string
}

// Actor is who acts: a user, or, when zero, the operator at the command line.
type Actor struct{ UserID UserID }

// AuditAction names what was done.
type AuditAction string

// The actions that are recorded.
const (
	AuditLock         AuditAction = "user.lock"
	AuditUnlock       AuditAction = "user.unlock"
	AuditRoles        AuditAction = "user.roles"
	AuditMerge        AuditAction = "user.merge"
	AuditCreate       AuditAction = "user.create"
	AuditPassword     AuditAction = "user.password"
	AuditLink         AuditAction = "user.wechat_link"
	AuditUnlink       AuditAction = "user.wechat_unlink"
	AuditSessionsEnd  AuditAction = "user.sessions_end"
	AuditPhoneBind    AuditAction = "user.phone_bind"
	AuditPhoneUnbind  AuditAction = "user.phone_unbind"
	AuditExport       AuditAction = "user.export"
	AuditDeletionWish AuditAction = "user.delete_request" // the cooling-off begins
	AuditDeletionUndo AuditAction = "user.delete_cancel"  // signing in ended it
	AuditDelete       AuditAction = "user.delete"
	AuditWithdraw     AuditAction = "user.withdraw" // consent, at WeChat
	AuditKeys         AuditAction = "keys"

	// Of the outbox. The detail names the event, shard or replay.
	AuditOutboxRetry   AuditAction = "outbox.retry"
	AuditOutboxDiscard AuditAction = "outbox.discard"
	AuditOutboxPause   AuditAction = "outbox.pause"
	AuditOutboxResume  AuditAction = "outbox.resume"
	AuditOutboxReplay  AuditAction = "outbox.replay"
	AuditOutboxCancel  AuditAction = "outbox.replay_cancel"
	AuditOutboxRequeue AuditAction = "outbox.requeue" // what the stream was found to lack
)
