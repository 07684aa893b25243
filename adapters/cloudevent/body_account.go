package cloudevent

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
)

type profileUpdated struct {
	UserID    string    `json:"user_id"`
	Fields    []string  `json:"fields"`
	UpdatedAt time.Time `json:"updated_at"`
}

type passwordChanged struct {
	UserID    string    `json:"user_id"`
	ChangedAt time.Time `json:"changed_at"`
}

type wechatLinked struct {
	UserID   string    `json:"user_id"`
	AppID    string    `json:"app_id"`
	LinkedAt time.Time `json:"linked_at"`
}

type wechatUnlinked struct {
	UserID     string    `json:"user_id"`
	AppID      string    `json:"app_id"`
	UnlinkedAt time.Time `json:"unlinked_at"`
}

// merged is the same in the events of both users.
type merged struct {
	UserID       string    `json:"user_id"` // who is kept
	MergedUserID string    `json:"merged_user_id"`
	MergedAt     time.Time `json:"merged_at"`
}

type rolesChanged struct {
	UserID    string    `json:"user_id"`
	Roles     []string  `json:"roles"`
	ChangedAt time.Time `json:"changed_at"`
}

type locked struct {
	UserID   string    `json:"user_id"`
	LockedAt time.Time `json:"locked_at"`
}

type unlocked struct {
	UserID     string    `json:"user_id"`
	UnlockedAt time.Time `json:"unlocked_at"`
}

// writeAccount writes the events that change an account.
func writeAccount(event domain.Event) (domain.EventType, any, error) {
	user, at := about(event)
	switch facts := event.Facts.(type) {
	case domain.ProfileUpdated:
		fields, err := words(facts.Fields)
		return domain.EventProfileUpdated, profileUpdated{user, fields, at}, err
	case domain.PasswordChanged:
		return domain.EventPasswordChanged, passwordChanged{user, at}, nil
	case domain.WeChatLinked:
		return domain.EventWeChatLinked, wechatLinked{user, string(facts.AppID), at}, needApp(facts.AppID)
	case domain.WeChatUnlinked:
		return domain.EventWeChatUnlinked, wechatUnlinked{user, string(facts.AppID), at}, needApp(facts.AppID)
	case domain.Merged:
		return domain.EventMerged, merged{facts.Kept.String(), facts.Absorbed.String(), at}, checkMerge(event.UserID, facts)
	case domain.RolesChanged:
		roles, err := words(facts.Roles)
		return domain.EventRolesChanged, rolesChanged{user, roles, at}, err
	case domain.Locked:
		return domain.EventLocked, locked{user, at}, nil
	case domain.Unlocked:
		return domain.EventUnlocked, unlocked{user, at}, nil
	default:
		return writePersonal(event)
	}
}

func needApp(app domain.AppID) error {
	if app == "" {
		return errors.New("no mini-program")
	}
	return nil
}

func checkMerge(user domain.UserID, facts domain.Merged) error {
	switch {
	case facts.Kept.IsZero() || facts.Absorbed.IsZero() || facts.Kept == facts.Absorbed:
		return errors.New("it does not name two users")
	case user != facts.Kept && user != facts.Absorbed:
		return errors.New("it is about neither of the two users")
	}
	return nil
}

// words takes apart a list with commas. The names in it are the service's own; anything else is a value that got where it
// must not.
func words(list string) ([]string, error) {
	names := strings.Split(list, ",")
	for _, name := range names {
		if !isToken(name) {
			return nil, fmt.Errorf("a list of %d names holds one that is no name", len(names))
		}
	}
	return names, nil
}
