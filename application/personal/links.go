package personal

import (
	"context"
	"fmt"
	"slices"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Links finds who a caller is in a mini-program.
type Links struct {
	users    ports.UserReader
	sessions ports.SessionLister
	now      ports.Clock
	apps     []domain.AppID
}

// NewLinks makes Links for the given mini-programs, the first of which is the default. There must be one.
func NewLinks(users ports.UserReader, sessions ports.SessionLister, now ports.Clock, apps []domain.AppID) *Links {
	return &Links{users, sessions, now, apps}
}

// link is what a caller is in one mini-program.
type link struct {
	user       domain.UserID
	app        domain.AppID
	identities []domain.WeChatIdentity // the one linked last first; several after a merge
}

// find goes by the mini-program named, or else the one that the caller's session was opened in, or else the first. It is
// domain.ErrInvalidArgument with field "app_id" for a mini-program that is not configured or that the caller is not linked with.
func (l *Links) find(ctx context.Context, caller account.Caller, named domain.AppID) (link, error) {
	app, err := l.choose(ctx, caller, named)
	if err != nil {
		return link{}, err
	}
	user, err := l.users.ByID(ctx, caller.UserID)
	if err != nil {
		return link{}, fmt.Errorf("load user: %w", err)
	}
	identities := identitiesAt(user, app)
	if len(identities) == 0 {
		return link{}, domain.Invalid(domain.Violation{
			Field: "app_id", Rule: "linked", Text: "is a mini-program that the caller is not linked with",
		})
	}
	return link{caller.UserID, app, identities}, nil
}

func (l *Links) choose(ctx context.Context, caller account.Caller, named domain.AppID) (domain.AppID, error) {
	if named != "" {
		if !slices.Contains(l.apps, named) {
			return "", domain.Invalid(domain.Violation{Field: "app_id", Rule: "enum", Text: "is not a mini-program of this service"})
		}
		return named, nil
	}
	if len(l.apps) == 1 {
		return l.apps[0], nil
	}
	sessions, err := l.sessions.List(ctx, caller.UserID, l.now())
	if err != nil {
		return "", fmt.Errorf("list sessions: %w", err)
	}
	for _, session := range sessions {
		if state := session.State(); state.ID == caller.SessionID && slices.Contains(l.apps, state.AppID) {
			return state.AppID, nil
		}
	}
	return l.apps[0], nil
}

// identitiesAt returns the user's identities in a mini-program, the one linked last first.
func identitiesAt(user *domain.User, app domain.AppID) (identities []domain.WeChatIdentity) {
	for _, identity := range slices.Backward(user.State().WeChat) {
		if identity.AppID == app {
			identities = append(identities, identity)
		}
	}
	return identities
}
