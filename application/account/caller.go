package account

import (
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// Caller is who asks for a change of their own account, and from where.
type Caller struct {
	UserID    domain.UserID
	SessionID domain.SessionID
	IP        string
	RequestID string
}

func (c Caller) note(action domain.AuditAction, detail string) *update.Note {
	return &update.Note{
		Actor: domain.Actor{UserID: c.UserID}, Action: action, Detail: detail, IP: c.IP, RequestID: c.RequestID,
	}
}
