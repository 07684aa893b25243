package portstest

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// StoreOptions is what the suite wants a store to be opened with.
type StoreOptions struct {
	Codec    ports.EventCodec
	OnCommit func() // called after each commit that appended events
	Shards   int    // at least 1; a store that always has one may ignore it
}

// StoreParts are the ports that one store of users and their events implements together. It goes by the machine's clock
// where it needs one of its own.
type StoreParts struct {
	Users        ports.UserReader
	Finder       ports.UserFinder
	Browser      ports.UserBrowser
	Tx           ports.Transactor
	Audit        ports.AuditReader
	AuditArchive ports.AuditArchive
	InboxArchive ports.InboxArchive
	Deletions    ports.DeletionQueue
	Queue        ports.OutboxQueue
	Ledger       ports.OutboxLedger
	Archive      ports.OutboxArchive
	History      ports.EventHistory
	Eraser       ports.EventEraser
	Monitor      ports.OutboxMonitor
	Letters      ports.DeadLetters
	Switch       ports.OutboxSwitch
	Sent         ports.PublishedEvents

	Replays       ports.ReplayQueue
	ReplayArchive ports.ReplayArchive
}

// Store is the contract of a store of users, and of the outbox, the inbox and the audit log beside them. Open returns an empty store,
// which must bear 50 callers at once, of which up to 5 hold a Drain.
func Store(t *testing.T, open func(t *testing.T, options StoreOptions) StoreParts) {
	t.Helper()
	sharded := func(shards int) func(t *testing.T) *store {
		return func(t *testing.T) *store {
			s := &store{}
			s.StoreParts = open(t, StoreOptions{
				Codec: sampleCodec{}, OnCommit: func() { s.commits.Add(1) }, Shards: shards,
			})
			return s
		}
	}
	check(t, sharded(1), slices.Concat(
		userContracts, saveContracts, findContracts, browseContracts, auditContracts,
		transactionContracts, raceContracts, unionIDContracts, conflictContracts, appendContracts,
		drainContracts, buryContracts, ledgerContracts, archiveContracts,
		inboxContracts, deletionContracts, historyContracts,
		monitorContracts, letterContracts, decisionContracts, switchContracts, sentContracts, replayContracts, replayWorkContracts,
	))
	check(t, sharded(4), slices.Concat(shardContracts, decisionRaceContracts))
}

// store is the store under test with what the cases share.
type store struct {
	StoreParts
	commits atomic.Int64 // calls of OnCommit

	mu       sync.Mutex
	sequence uint64 // of the last event the make-believe stream took
}

var errRefusedBySample = errors.New("sample codec refuses")

// sampleCodec writes events down in a way that shows every field of a message, and refuses those without facts.
type sampleCodec struct{}

func (sampleCodec) Encode(event domain.Event) (ports.Message, error) {
	if event.Facts == nil {
		return ports.Message{}, errRefusedBySample
	}
	data, err := json.Marshal(map[string]any{"user_id": event.UserID.String(), "note": "门禁 <&> \" \\ ✓"})
	message := ports.Message{
		ID: event.ID, Type: "menjin.user." + string(event.Type) + ".v1", SchemaVersion: 1,
		Subject: "menjin.user." + string(event.Type) + "." + event.UserID.String(),
		UserID:  event.UserID, UserVersion: event.Version, At: event.At, Data: data,
		Headers: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}
	if pushed, ok := event.Facts.(domain.WeChatPushed); ok {
		message.Subject, message.UserID = "menjin.wechat."+pushed.Name, domain.UserID{ID: event.ID.ID}
		message.Type = message.Subject + ".v1"
		message.Headers[ports.HeaderUserID] = pushed.UserID.String()
	}
	return message, err
}

// add keeps a user and events in one transaction.
func (s *store) add(ctx context.Context, user *domain.User, events ...domain.Event) error {
	return s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, events...)
	})
}

// register keeps a new user and its first event.
func (s *store) register(t *testing.T, ctx context.Context) (*domain.User, domain.Event) {
	t.Helper()
	user, event := newUser(t)
	if err := s.add(ctx, user, event); err != nil {
		t.Fatalf("register a user: %v", err)
	}
	return user, event
}

// change makes one more event of a user and returns it once it is committed.
func (s *store) change(ctx context.Context, id domain.UserID) (event domain.Event, err error) {
	stamp := stamp()
	err = s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if err != nil {
			return err
		}
		runtime.Gosched() // lets another changer in where the store does
		event = user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp)
		if err := tx.Users().Save(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, event)
	})
	return event, err
}

// changed is change for cases in which it cannot fail.
func (s *store) changed(t *testing.T, ctx context.Context, id domain.UserID) domain.Event {
	t.Helper()
	event, err := s.change(ctx, id)
	if err != nil {
		t.Fatalf("change user: %v", err)
	}
	return event
}
