package admin_test

import (
	"fmt"
	"testing"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// wishes are everything that can be asked for, about a target.
func (b *bundle) wishes(t *testing.T, target domain.UserID) map[domain.Permission][]func(actor admin.Actor) error {
	t.Helper()
	ctx := t.Context()
	name, err := domain.NewUsername("newcomer")
	if err != nil {
		t.Fatal(err)
	}
	return map[domain.Permission][]func(actor admin.Actor) error{
		domain.PermissionUsersRead: {
			func(a admin.Actor) error { _, err := b.shown.Show(ctx, a, target); return err },
			func(a admin.Actor) error {
				_, err := b.shown.Browse(ctx, a, ports.UserFilter{}, domain.UserID{}, 10)
				return err
			},
			func(a admin.Actor) error { _, err := b.ended.List(ctx, a, target); return err },
		},
		domain.PermissionUsersLock: {
			func(a admin.Actor) error { _, err := b.lock.Lock(ctx, a, target, "why"); return err },
			func(a admin.Actor) error { _, err := b.lock.Unlock(ctx, a, target); return err },
		},
		domain.PermissionSessionsEnd: {func(a admin.Actor) error { return b.ended.End(ctx, a, target) }},
		domain.PermissionRolesGrant: {
			func(a admin.Actor) error { _, err := b.roles.Set(ctx, a, target, nil); return err },
			func(a admin.Actor) error {
				_, err := b.create.Do(ctx, a, signin.Account{Username: name})
				return err
			},
		},
		domain.PermissionUsersMerge: {
			func(a admin.Actor) error { _, err := b.merge.Do(ctx, a, target, b.support.UserID); return err },
		},
		domain.PermissionAuditRead: {
			func(a admin.Actor) error {
				_, err := b.audit.Entries(ctx, a, ports.AuditFilter{}, domain.ID{}, 10)
				return err
			},
		},
	}
}

func TestEachWishNeedsItsPermission(t *testing.T) {
	t.Parallel()
	for _, who := range []func(b *bundle) admin.Actor{
		func(b *bundle) admin.Actor { return b.user },
		func(b *bundle) admin.Actor { return b.support },
		func(b *bundle) admin.Actor { return b.boss },
		func(b *bundle) admin.Actor { return b.operator },
		func(*bundle) admin.Actor { return admin.Actor{} },
	} {
		b := setup(t)
		actor := who(b)
		for permission, wishes := range b.wishes(t, b.user.UserID) {
			want := domain.CheckPermission(actor.Roles, permission)
			if actor.Operator {
				want = nil
			}
			for i, wish := range wishes {
				if permission == domain.PermissionUsersMerge && want == nil {
					continue // would take the target away from the others
				}
				wantError(t, fmt.Sprintf("%s %d by %+v", permission, i, actor), wish(actor), want)
			}
		}
		if !actor.Operator && domain.CheckPermission(actor.Roles, domain.PermissionUsersRead) != nil {
			b.wantEvents(t)
			if entries := b.store.AuditEntries(); len(entries) != 0 {
				t.Errorf("refused wishes were noted: %+v", entries)
			}
		}
	}
}

func TestSupportDoesNotTouchThoseWhoLookAfterUsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.actor(t, "other", domain.RoleSupport)
	for _, target := range []domain.UserID{other.UserID, b.boss.UserID} {
		wishes := b.wishes(t, target)
		for _, wish := range append(wishes[domain.PermissionUsersLock], wishes[domain.PermissionSessionsEnd]...) {
			wantError(t, "support against "+target.String(), wish(b.support), domain.ErrPermissionDenied)
		}
		b.wantSessions(t, target, 1)
	}
	b.wantEvents(t)
	if entries := b.store.AuditEntries(); len(entries) != 0 {
		t.Errorf("refused wishes were noted: %+v", entries)
	}
	_, err := b.lock.Lock(t.Context(), b.boss, b.support.UserID, "gone")
	wantError(t, "an administrator against support", err, nil)
	_, err = b.lock.Lock(t.Context(), b.operator, b.boss.UserID, "gone")
	wantError(t, "the operator against an administrator", err, nil)
}
