package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// replica is a process of the service as far as keys go. What takes minutes there takes a second here.
type replica struct {
	db        *DB
	users     *Users
	keeper    *datakey.Keeper
	reencrypt *datakey.Reencrypt
	rows      *SealedRows
}

const (
	testFresh  = 100 * time.Millisecond
	testSettle = time.Second
)

var testMaster = sync.OnceValue(func() ports.MasterKey {
	secret, err := vault.Generate()
	if err != nil {
		panic(err)
	}
	master, err := vault.NewLocalMaster(secret)
	if err != nil {
		panic(err)
	}
	return master
})

func newReplica(tb testing.TB, address domain.Secret, keep time.Duration) *replica {
	tb.Helper()
	return newSlowReplica(tb, address, keep, testSettle)
}

// newSlowReplica lets changes settle longer, for tests that keep the machine busy meanwhile.
func newSlowReplica(tb testing.TB, address domain.Secret, keep, settle time.Duration) *replica {
	tb.Helper()
	keys, log := vault.New(time.Now), slog.New(slog.DiscardHandler)
	clock := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	db := openDB(tb, Options{URL: address, Cipher: keys})
	keeper := datakey.NewKeeper(NewDataKeys(db), keys, testMaster(), datakey.KeeperOptions{
		PublishedBefore: testSettle, FreshFor: testFresh,
	}, clock, log)
	if err := keeper.Load(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	rows := NewSealedRows(db)
	options := datakey.ReencryptOptions{Keep: keep, Settle: settle, Pause: time.Millisecond}
	return &replica{db, NewUsers(db), keeper, datakey.NewReencrypt(keeper, rows, options, clock, newID, log), rows}
}

func (r *replica) mustReencrypt(tb testing.TB) datakey.Progress {
	tb.Helper()
	var last datakey.Progress
	if err := r.reencrypt.Do(tb.Context(), func(p datakey.Progress) { last = p }); err != nil {
		tb.Fatalf("re-encrypt: %v", err)
	}
	return last
}

// wantOnlyNewest checks that no field is on another key than the newest, and that the index is at rest.
func (r *replica) wantOnlyNewest(tb testing.TB, fields int64) {
	tb.Helper()
	used, err := r.rows.Usage(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	plan := r.keeper.Plan()
	if len(used) != 1 || used[plan.Newest().ID] != fields {
		tb.Errorf("fields by key: got %v, want %d on %d alone", used, fields, plan.Newest().ID)
	}
	if plan.Index != ports.IndexSteady {
		tb.Errorf("index phase: got %d, want %d", plan.Index, ports.IndexSteady)
	}
}

// person is somebody with every encrypted field, told by a number.
func person(tb testing.TB, n int) (*domain.User, domain.Event) {
	tb.Helper()
	openID, err1 := domain.NewOpenID(fmt.Sprintf("o-person-%06d", n))
	unionID, err2 := domain.NewUnionID(fmt.Sprintf("u-person-%06d", n))
	email, err3 := domain.NewEmail(fmt.Sprintf("Person.%d@example.com", n))
	phone, err4 := domain.NewPhone(fmt.Sprintf("+86139%08d", n))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		tb.Fatal(err)
	}
	identity := domain.WeChatIdentity{AppID: "wx0123456789abcdef", OpenID: openID, UnionID: unionID}
	user, event := domain.RegisterWithWeChat(domain.UserID{ID: newID()}, identity, stampNow())
	state := user.State()
	state.Email, state.Phone = email, phone
	return domain.RestoreUser(state), event
}

const personFields = 4 // that are encrypted

// populate registers people, many in each transaction.
func (r *replica) populate(tb testing.TB, people int) {
	tb.Helper()
	const batch = 200
	for from := 0; from < people; from += batch {
		err := r.db.InTx(tb.Context(), func(ctx context.Context, tx ports.Tx) error {
			for n := from; n < min(from+batch, people); n++ {
				user, event := person(tb, n)
				if err := tx.Users().Add(ctx, user); err != nil {
					return err
				}
				if err := tx.Outbox().Append(ctx, event); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// find looks a person up in every way, and returns who it is.
func (r *replica) find(ctx context.Context, n int) (domain.UserID, error) {
	openID, _ := domain.NewOpenID(fmt.Sprintf("o-person-%06d", n))
	user, err := r.users.ByWeChat(ctx, "wx0123456789abcdef", openID)
	if err != nil {
		return domain.UserID{}, fmt.Errorf("by openid: %w", err)
	}
	email, _ := domain.NewEmail(fmt.Sprintf("person.%d@EXAMPLE.com", n))
	byEmail, err := r.users.ByEmail(ctx, email)
	if err != nil {
		return domain.UserID{}, fmt.Errorf("by e-mail: %w", err)
	}
	unionID, _ := domain.NewUnionID(fmt.Sprintf("u-person-%06d", n))
	byUnionID, err := r.users.ByUnionID(ctx, unionID)
	if err != nil {
		return domain.UserID{}, fmt.Errorf("by unionid: %w", err)
	}
	phone, _ := domain.NewPhone(fmt.Sprintf("+86139%08d", n))
	byPhone, err := r.users.Browse(ctx, ports.UserFilter{Phone: phone}, domain.UserID{}, 2)
	if err != nil {
		return domain.UserID{}, fmt.Errorf("by phone: %w", err)
	}
	if byEmail.ID() != user.ID() || len(byUnionID) != 1 || len(byPhone) != 1 {
		return domain.UserID{}, fmt.Errorf("person %d: e-mail finds %s, openid %s, unionid %d, phone %d users",
			n, byEmail.ID(), user.ID(), len(byUnionID), len(byPhone))
	}
	return user.ID(), nil
}
