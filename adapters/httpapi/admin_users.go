package httpapi

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// ShowUser answers GET /api/admin/users/{id}.
func (h *handler) ShowUser(ctx context.Context, request ShowUserRequestObject) (ShowUserResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	user, err := h.use.Admin.Users.Show(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return ShowUser200JSONResponse(userReply(ctx, user)), nil
}

// BrowseUsers answers GET /api/admin/users.
func (h *handler) BrowseUsers(ctx context.Context, request BrowseUsersRequestObject) (BrowseUsersResponseObject, error) {
	asked, err := pageOf(request.Params.Cursor, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	users, err := h.usersAsked(ctx, request.Params, asked)
	if err != nil {
		return nil, err
	}
	users, next := cut(users, asked.limit, func(user *domain.User) string { return user.ID().String() })
	shown := make([]User, 0, len(users))
	for _, user := range users {
		shown = append(shown, userOf(user))
	}
	x := exchangeOf(ctx)
	return BrowseUsers200JSONResponse{
		Code: UsersResponseCodeN200, Message: done.in(x.language()), RequestId: x.id,
		Data: UserPage{Users: shown, NextCursor: next},
	}, nil
}

// usersAsked returns up to one user more than the page holds.
func (h *handler) usersAsked(ctx context.Context, asked BrowseUsersParams, page page) ([]*domain.User, error) {
	if asked.Id == nil {
		filter, err := userFilter(asked)
		if err != nil {
			return nil, err
		}
		return h.use.Admin.Users.Browse(ctx, actorOf(ctx), filter, domain.UserID{ID: page.cursor}, page.limit+1)
	}
	id, err := givenID("id", asked.Id)
	if err != nil {
		return nil, err
	}
	user, err := h.use.Admin.Users.Show(ctx, actorOf(ctx), id)
	if errors.Is(err, domain.ErrUserNotFound) {
		return nil, nil
	}
	return []*domain.User{user}, err
}

func userFilter(asked BrowseUsersParams) (ports.UserFilter, error) {
	prefix, badPrefix := given(asked.Username, usernamePrefix)
	email, badEmail := given(asked.Email, emailOf)
	phone, badPhone := given(asked.Phone, domain.NewPhone)
	role, badRole := given((*string)(asked.Role), rareRole)
	return ports.UserFilter{UsernamePrefix: prefix, Email: email, Phone: phone, Role: role},
		joined(badPrefix, badEmail, badPhone, badRole)
}

const longestUsername = 32

// usernamePrefix refuses what no username begins with.
func usernamePrefix(text string) (string, error) {
	text = normalised(text)
	foreign := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-", r)
	}
	if text == "" || utf8.RuneCountInString(text) > longestUsername || strings.IndexFunc(text, foreign) >= 0 {
		return "", domain.Invalid(domain.Violation{Field: "username", Rule: "format", Text: "is not how a username begins"})
	}
	return text, nil
}

// rareRole refuses the role that everybody has, by which nothing is found.
func rareRole(name string) (domain.Role, error) {
	role, err := domain.ParseRole(name)
	if err != nil || role == domain.RoleUser {
		return "", domain.Invalid(domain.Violation{Field: "role", Rule: "enum", Text: "must be support or admin"})
	}
	return role, nil
}
