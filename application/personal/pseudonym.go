package personal

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// pseudonym is a UUID of version 4: those of version 7 would tell by their order when the user came or went.
func (e *Eraser) pseudonym() domain.UserID {
	random := e.random()
	id := domain.ID(random[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return domain.UserID{ID: id}
}

// pseudonymise puts one pseudonym in the place of all ids of a person.
func pseudonymise(ctx context.Context, log ports.AuditLog, pseudonym domain.UserID, ids []domain.UserID) error {
	for _, id := range ids {
		if err := log.Pseudonymise(ctx, id, pseudonym); err != nil {
			return fmt.Errorf("pseudonymise audit log: %w", err)
		}
	}
	return nil
}

// lastEntry is the audit entry of the deletion, with the pseudonym in the place of the user. Addresses would lead back to them,
// and so would the instant: the event that tells of the end tells it too, and the user's id. The day is left, in the id as well.
func (e *Eraser) lastEntry(pseudonym, user domain.UserID, note *update.Note, at time.Time) domain.AuditEntry {
	day := at.UTC().Truncate(24 * time.Hour)
	actor := note.Actor
	if actor.UserID == user {
		actor.UserID = pseudonym
	}
	return domain.AuditEntry{
		ID: e.idOf(day), At: day, Actor: actor, Action: note.Action, Target: pseudonym, Detail: note.Detail,
	}
}

// idOf is a UUID of version 7 made at a given instant, so that it has its place among the others.
func (e *Eraser) idOf(at time.Time) (id domain.ID) {
	random := e.random()
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16)
	copy(id[6:], random[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}
