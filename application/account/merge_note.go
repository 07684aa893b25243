package account

import (
	"strings"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// absorbedMark stands before the id of the account that a merge removed, at the end of the detail of its audit entry.
const absorbedMark = "absorbed "

// withAbsorbed returns the note of a merge with the account that was removed. The entry is what leads from the account kept to
// what is left under the other id: it stays longer than events stay in the outbox and on the stream.
func withAbsorbed(note *update.Note, absorbed domain.UserID) *update.Note {
	if note == nil {
		return nil
	}
	full := *note
	if full.Detail != "" {
		full.Detail += ", "
	}
	full.Detail += absorbedMark + absorbed.String()
	return &full
}

// Absorbed reads from the audit entry of a merge which account was removed. Entries of the first release do not tell.
func Absorbed(entry domain.AuditEntry) (domain.UserID, bool) {
	if entry.Action != domain.AuditMerge {
		return domain.UserID{}, false
	}
	at := strings.LastIndex(entry.Detail, absorbedMark)
	if at < 0 {
		return domain.UserID{}, false
	}
	id, err := domain.ParseUserID(entry.Detail[at+len(absorbedMark):])
	return id, err == nil && !id.IsZero()
}
