package admin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestLockEndsSessionsAndKeepsTheUserOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	target := b.user.UserID
	user, err := b.lock.Lock(t.Context(), b.support, target, "spam")
	wantError(t, "lock", err, nil)
	wantError(t, "sign-in of the locked", user.CheckSignIn(), domain.ErrAccountLocked)
	wantError(t, "sign-in of the locked as stored", domain.RestoreUser(b.state(t, target)).CheckSignIn(), domain.ErrAccountLocked)
	b.wantSessions(t, target, 0)
	b.wantSessions(t, b.support.UserID, 1)
	b.wantEvents(t, domain.Locked{}, domain.SessionEnded{Reason: domain.EndedByLock})
	b.wantAudit(t, 1, b.support, domain.AuditLock, target, "spam")

	user, err = b.lock.Unlock(t.Context(), b.support, target)
	wantError(t, "unlock", err, nil)
	wantError(t, "sign-in of the unlocked", user.CheckSignIn(), nil)
	b.wantEvents(t, domain.Locked{}, domain.SessionEnded{Reason: domain.EndedByLock}, domain.Unlocked{})
	b.wantAudit(t, 2, b.support, domain.AuditUnlock, target, "")
}

func TestLockNeedsAReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, reason := range []string{"", " \t", "a\nb", "a\xff", strings.Repeat("长", 201)} {
		_, err := b.lock.Lock(t.Context(), b.boss, b.user.UserID, reason)
		wantError(t, "lock", err, domain.ErrInvalidArgument)
	}
	_, err := b.lock.Lock(t.Context(), b.boss, b.user.UserID, strings.Repeat("长", 200))
	wantError(t, "lock", err, nil)
}

func TestLockIsCommittedThoughSessionsAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sessions.Break(domain.ErrUnavailable)
	_, err := b.lock.Lock(t.Context(), b.boss, b.user.UserID, "spam")
	wantError(t, "lock", err, domain.ErrUnavailable)
	b.wantEvents(t, domain.Locked{}, domain.SessionEnded{Reason: domain.EndedByLock})
}

func TestUnknownUserIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, nobody := t.Context(), domain.UserID{ID: domain.ID{9}}
	_, lock := b.lock.Lock(ctx, b.boss, nobody, "spam")
	_, unlock := b.lock.Unlock(ctx, b.boss, nobody)
	_, roles := b.roles.Set(ctx, b.boss, nobody, nil)
	_, show := b.shown.Show(ctx, b.boss, nobody)
	_, list := b.ended.List(ctx, b.boss, nobody)
	_, merge := b.merge.Do(ctx, b.boss, nobody, b.user.UserID)
	for what, err := range map[string]error{
		"lock": lock, "unlock": unlock, "roles": roles, "show": show, "list": list, "merge": merge, "end": b.ended.End(ctx, b.boss, nobody),
	} {
		wantError(t, what, err, domain.ErrUserNotFound)
	}
	b.wantEvents(t)
}

func TestRolesReachSessionsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	target := b.support.UserID
	user, err := b.roles.Set(t.Context(), b.boss, target, []domain.Role{domain.RoleAdmin})
	wantError(t, "promote", err, nil)
	if want := []domain.Role{domain.RoleAdmin, domain.RoleUser}; !slices.Equal(user.Roles(), want) || !slices.Equal(b.sessions.Of(target)[0].Roles, want) {
		t.Errorf("roles: got %v, of the session %v, want %v", user.Roles(), b.sessions.Of(target)[0].Roles, want)
	}
	b.wantAudit(t, 1, b.boss, domain.AuditRoles, target, "admin")
	_, err = b.roles.Set(t.Context(), b.boss, target, nil)
	wantError(t, "demote", err, nil)
	if got := b.sessions.Of(target)[0].Roles; !slices.Equal(got, []domain.Role{domain.RoleUser}) {
		t.Errorf("roles of the session: got %v, want user alone", got)
	}
	b.wantEvents(t, domain.RolesChanged{Roles: "admin,user"}, domain.RolesChanged{Roles: "user"})
}

func TestNobodyChangesTheirOwnRoles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.roles.Set(t.Context(), b.boss, b.boss.UserID, nil)
	wantError(t, "an administrator's own", err, domain.ErrPermissionDenied)
	_, err = b.roles.Set(t.Context(), b.operator, b.boss.UserID, nil)
	wantError(t, "the operator", err, nil)
	b.wantAudit(t, 1, b.operator, domain.AuditRoles, b.boss.UserID, "")
}

func TestRolesAreCommittedThoughSessionsAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sessions.Break(domain.ErrUnavailable)
	_, err := b.roles.Set(t.Context(), b.boss, b.support.UserID, nil)
	wantError(t, "demote", err, domain.ErrUnavailable)
	b.wantEvents(t, domain.RolesChanged{Roles: "user"})
}

func TestSessionsOfAUserAreListedAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	listed, err := b.ended.List(t.Context(), b.support, b.user.UserID)
	if err != nil || len(listed) != 1 {
		t.Errorf("list: got %d sessions (%v), want 1", len(listed), err)
	}
	wantError(t, "end", b.ended.End(t.Context(), b.support, b.user.UserID), nil)
	b.wantSessions(t, b.user.UserID, 0)
	b.wantEvents(t, domain.SessionEnded{Reason: domain.EndedByAdmin})
	b.wantAudit(t, 1, b.support, domain.AuditSessionsEnd, b.user.UserID, "")
}

func TestOperatorMakesTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	name, err := domain.NewUsername("first")
	if err != nil {
		t.Fatal(err)
	}
	password, err := domain.NewPassword("password", "correct-horse", name)
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.create.Do(t.Context(), b.operator, signin.Account{Username: name, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	b.wantAudit(t, 1, b.operator, domain.AuditCreate, made.ID(), "")
	made, err = b.roles.Set(t.Context(), b.operator, made.ID(), []domain.Role{domain.RoleAdmin})
	if err != nil || !slices.Contains(made.Roles(), domain.RoleAdmin) {
		t.Errorf("grant: got %v (%v)", made, err)
	}
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword}, domain.RolesChanged{Roles: "admin,user"})
	_, err = b.create.Do(t.Context(), b.operator, signin.Account{Username: name, Password: password})
	wantError(t, "create again", err, domain.ErrUsernameTaken)
}

func TestAdministratorMergesTwoAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept, err := b.merge.Do(t.Context(), b.boss, b.support.UserID, b.user.UserID)
	if err != nil || kept.ID() != b.user.UserID || slices.Contains(kept.Roles(), domain.RoleSupport) {
		t.Fatalf("merge: got %v (%v), want the older account, without the roles of the other", kept, err)
	}
	b.wantSessions(t, b.user.UserID, 0)
	b.wantSessions(t, b.support.UserID, 0)
	b.wantAudit(t, 1, b.boss, domain.AuditMerge, b.user.UserID, "by an administrator, absorbed "+b.support.UserID.String())
	_, err = b.merge.Do(t.Context(), b.boss, b.user.UserID, b.user.UserID)
	wantError(t, "merge with itself", err, domain.ErrInvalidArgument)
}

func TestBrowsingAndTheAuditLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	users, err := b.shown.Browse(t.Context(), b.support, ports.UserFilter{UsernamePrefix: "SUPP"}, domain.UserID{}, 10)
	if err != nil || len(users) != 1 || users[0].ID() != b.support.UserID {
		t.Errorf("browse: got %v (%v), want support alone", users, err)
	}
	wantError(t, "end", b.ended.End(t.Context(), b.support, b.user.UserID), nil)
	entries, err := b.audit.Entries(t.Context(), b.boss, ports.AuditFilter{Actor: b.support.UserID}, domain.ID{}, 10)
	if err != nil || len(entries) != 1 || entries[0].Action != domain.AuditSessionsEnd {
		t.Errorf("audit log: got %+v (%v), want the end of the sessions", entries, err)
	}
	b.store.Break(domain.ErrUnavailable)
	_, err = b.audit.Entries(t.Context(), b.boss, ports.AuditFilter{}, domain.ID{}, 10)
	wantError(t, "the log out of reach", err, domain.ErrUnavailable)
	_, err = b.shown.Browse(t.Context(), b.boss, ports.UserFilter{}, domain.UserID{}, 10)
	wantError(t, "users out of reach", err, domain.ErrUnavailable)
}
