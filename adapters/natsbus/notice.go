package natsbus

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	sessionEndedType = "menjin.user.session_ended.v1"
	rolesChangedType = "menjin.user.roles_changed.v1"
	deletedType      = "menjin.user.deleted.v1"
)

func noticeSubjects() []string {
	return []string{"menjin.user.session_ended.*", "menjin.user.roles_changed.*", "menjin.user.deleted.*"}
}

// noticeBody is what the service needs of the events' data.
type noticeBody struct {
	UserID    string   `json:"user_id"`
	SessionID *string  `json:"session_id"`
	Except    *string  `json:"except_session_id"`
	Merged    []string `json:"merged_user_ids"`
}

// readNotice fails on another type of event: a later version may mean something else.
func readNotice(message jetstream.Msg) (ports.SessionNotice, error) {
	kind := message.Headers().Get(headerType)
	if kind != sessionEndedType && kind != rolesChangedType && kind != deletedType {
		return ports.SessionNotice{}, errors.New("it is of another type")
	}
	var body noticeBody
	if err := json.Unmarshal(message.Data(), &body); err != nil {
		return ports.SessionNotice{}, errors.New("its data is not the JSON it should be")
	}
	id, idErr := domain.ParseEventID(message.Headers().Get(headerID))
	user, userErr := domain.ParseUserID(body.UserID)
	version, versionErr := strconv.ParseInt(message.Headers().Get(headerSequence), 10, 64)
	if idErr != nil || userErr != nil || versionErr != nil || version < 1 {
		return ports.SessionNotice{}, errors.New("its event id, user id or version is missing or malformed")
	}
	notice := ports.SessionNotice{
		EventID: id, UserID: user, Version: version, RolesChanged: kind == rolesChangedType, Deleted: kind == deletedType,
	}
	switch {
	case notice.RolesChanged:
		return notice, nil
	case notice.Deleted:
		return notice, body.merged(&notice)
	default:
		return notice, body.sessions(&notice)
	}
}

// merged fills in whose messages are to go with those of a user who is deleted.
func (body *noticeBody) merged(notice *ports.SessionNotice) error {
	for _, text := range body.Merged {
		id, err := domain.ParseUserID(text)
		if err != nil || id.IsZero() {
			return errors.New("the id of a merged user in it is malformed")
		}
		notice.Also = append(notice.Also, id)
	}
	return nil
}

// sessions fills in which sessions ended.
func (body *noticeBody) sessions(notice *ports.SessionNotice) (err error) {
	if body.SessionID != nil {
		notice.SessionID, err = someSession(*body.SessionID)
		return err
	}
	if body.Except != nil {
		notice.Except, err = someSession(*body.Except)
	}
	return err
}

// someSession refuses zero, which would mean another thing: every session, or no exception.
func someSession(text string) (domain.SessionID, error) {
	id, err := domain.ParseSessionID(text)
	if err != nil || id.IsZero() {
		return domain.SessionID{}, errors.New("a session id in it is malformed")
	}
	return id, nil
}
