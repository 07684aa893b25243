package domain

import "slices"

// Role is a named set of permissions. Everybody is a user.
type Role string

// The roles there are.
const (
	RoleUser    Role = "user"
	RoleSupport Role = "support"
	RoleAdmin   Role = "admin"
)

// Permission is something that not everybody may do.
type Permission string

// The permissions there are.
const (
	PermissionUsersRead    Permission = "users.read"
	PermissionUsersLock    Permission = "users.lock"
	PermissionUsersMerge   Permission = "users.merge"
	PermissionSessionsEnd  Permission = "sessions.end"
	PermissionRolesGrant   Permission = "roles.grant"
	PermissionOutboxManage Permission = "outbox.manage"
	PermissionAuditRead    Permission = "audit.read"
)

// ParseRole refuses a name that is no role.
func ParseRole(name string) (Role, error) {
	switch role := Role(name); role {
	case RoleUser, RoleSupport, RoleAdmin:
		return role, nil
	default:
		return "", Invalid(Violation{Field: "role", Rule: "enum", Text: "must be user, support or admin"})
	}
}

// Permissions are what somebody with the role may do.
func (r Role) Permissions() []Permission {
	switch r {
	case RoleSupport:
		return []Permission{PermissionUsersRead, PermissionUsersLock, PermissionSessionsEnd}
	case RoleAdmin:
		return []Permission{
			PermissionUsersRead, PermissionUsersLock, PermissionUsersMerge, PermissionSessionsEnd,
			PermissionRolesGrant, PermissionOutboxManage, PermissionAuditRead,
		}
	default:
		return nil
	}
}

// CheckPermission reports ErrPermissionDenied unless one of the roles has the permission. It is the one place that decides.
func CheckPermission(roles []Role, wanted Permission) error {
	for _, role := range roles {
		if slices.Contains(role.Permissions(), wanted) {
			return nil
		}
	}
	return ErrPermissionDenied
}
