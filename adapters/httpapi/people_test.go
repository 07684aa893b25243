package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

const password = "correct horse battery"

// register makes an account with a password.
func (s *service) register(t *testing.T, username string) loginData {
	t.Helper()
	reply := s.do(t, "POST", "/api/register", `{"username":"`+username+`","password":"`+password+`"}`)
	var data loginData
	reply.read(t, 201, &data)
	return data
}

// later is a version of a user after any that a test has seen, for what the sessions alone are told of.
const later = 100

// staff signs a person in who has a role.
func (s *service) staff(t *testing.T, role domain.Role) loginData {
	t.Helper()
	data := s.signIn(t, "the-"+string(role))
	roles := []domain.Role{role, domain.RoleUser}
	s.alter(t, data, func(state *domain.UserState) { state.Roles = roles })
	id, _ := domain.ParseUserID(data.User.ID)
	if err := s.sessions.SetRoles(t.Context(), id, later, roles); err != nil {
		t.Fatal(err)
	}
	return data
}

// alter changes what the store has of a person, with nobody told.
func (s *service) alter(t *testing.T, data loginData, change func(*domain.UserState)) {
	t.Helper()
	id, err := domain.ParseUserID(data.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	user, err := s.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	state := user.State()
	change(&state)
	s.store.Put(domain.RestoreUser(state))
}

// read decodes the data of an answer that has to have a status.
func (a answer) read(t *testing.T, status int, data any) {
	t.Helper()
	envelope := struct{ Data any }{data}
	if err := json.Unmarshal(a.body, &envelope); err != nil || a.status != status {
		t.Fatalf("got %d %s, want %d; %v", a.status, a.body, status, err)
	}
}

// object is the data of an answer.
func (a answer) object(t *testing.T, status int) map[string]any {
	t.Helper()
	var data map[string]any
	a.read(t, status, &data)
	return data
}

type detail struct{ Field, Rule, Message string }

func (a answer) details(t *testing.T) []detail {
	t.Helper()
	var envelope struct{ Details []detail }
	if err := json.Unmarshal(a.body, &envelope); err != nil {
		t.Fatal(err)
	}
	return envelope.Details
}

func (a answer) wantDetail(t *testing.T, want detail) {
	t.Helper()
	a.want(t, 400, "INVALID_ARGUMENT")
	if got := a.details(t); len(got) != 1 || got[0] != want {
		t.Errorf("details %+v, want %+v", got, want)
	}
}

// wantSession checks whether a session is answered.
func (s *service) wantSession(t *testing.T, token string, live bool) {
	t.Helper()
	reply := s.do(t, "GET", "/api/auth/check", "", as(token))
	if live != (reply.status == 204) {
		t.Fatalf("got %d %s, want live = %t", reply.status, reply.body, live)
	}
	if !live {
		reply.want(t, 401, "SESSION_ENDED")
	}
}
