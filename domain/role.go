package domain

// Role is a named set of permissions. Everybody is a user.
type Role string

// The roles there are.
const (
	RoleUser    Role = "user"
	RoleSupport Role = "support"
	RoleAdmin   Role = "admin"
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
