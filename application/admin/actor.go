// Package admin lets those look after accounts who run the service. Every use case takes the Actor who asks and decides by
// domain.CheckPermission whether they may.
package admin

import (
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// Actor is who asks, and from where: a user with roles, or the operator at the command line, who may do everything.
type Actor struct {
	Operator  bool
	UserID    domain.UserID
	Roles     []domain.Role
	IP        string
	RequestID string
}

func (a Actor) may(permission domain.Permission) error {
	if a.Operator {
		return nil
	}
	return domain.CheckPermission(a.Roles, permission)
}

// mayTouch keeps who looks after users from acting against those who look after them: only who grants roles may.
func (a Actor) mayTouch(target *domain.User) error {
	for _, role := range target.Roles() {
		if len(role.Permissions()) > 0 {
			return a.may(domain.PermissionRolesGrant)
		}
	}
	return nil
}

func (a Actor) note(action domain.AuditAction, detail string) *update.Note {
	return &update.Note{
		Actor: domain.Actor{UserID: a.UserID}, Action: action, Detail: detail, IP: a.IP, RequestID: a.RequestID,
	}
}
