package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// signIn finds a person by openid, or registers them, as a first sign-in does.
func (r *replica) signIn(ctx context.Context, tb testing.TB, n int) (domain.UserID, error) {
	openID, _ := domain.NewOpenID(fmt.Sprintf("o-person-%06d", n))
	find := func() (domain.UserID, error) {
		user, err := r.users.ByWeChat(ctx, "wx0123456789abcdef", openID)
		if err != nil {
			return domain.UserID{}, err
		}
		return user.ID(), nil
	}
	id, err := find()
	if !errors.Is(err, domain.ErrUserNotFound) {
		return id, err
	}
	user, event := person(tb, n)
	err = add(ctx, r.db, user, event)
	if errors.Is(err, domain.ErrWeChatTaken) || errors.Is(err, domain.ErrEmailTaken) || errors.Is(err, domain.ErrPhoneTaken) {
		id, err = find() // somebody was quicker
		if err != nil {
			err = fmt.Errorf("taken and yet: %w", err)
		}
		return id, err
	}
	return user.ID(), err
}

// crowd signs people in through replicas at random, as long as ctx, and checks that one openid is one user.
func crowd(ctx context.Context, t *testing.T, replicas []*replica, people int) (signIns int) {
	t.Helper()
	var mu sync.Mutex
	known := map[int]domain.UserID{}
	var signing sync.WaitGroup
	for range 2 * len(replicas) {
		signing.Go(func() {
			for ctx.Err() == nil {
				n, r := rand.IntN(people), replicas[rand.IntN(len(replicas))]
				mu.Lock()
				before, met := known[n]
				mu.Unlock()
				id, err := r.signIn(t.Context(), t, n)
				if err != nil {
					t.Errorf("sign-in of person %d: %v", n, err)
					return
				}
				mu.Lock()
				if met && before != id {
					t.Errorf("person %d was %s and is %s", n, before, id)
				}
				known[n] = id
				signIns++
				mu.Unlock()
			}
		})
	}
	signing.Wait()
	return signIns
}

func TestNobodyIsDoubledOrUnrecognisedWhileKeysChange(t *testing.T) {
	t.Parallel()
	for _, on := range backends[:2] {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			address, count := on.url(t), 1
			if on.name == postgres.name { // a file has one process
				count = 3
			}
			var replicas []*replica
			for range count {
				replicas = append(replicas, newSlowReplica(t, address, time.Nanosecond, 2*time.Second))
			}
			r := replicas[0]
			if err := errors.Join(r.keeper.RotateFields(t.Context(), 0), r.keeper.RotateIndex(t.Context())); err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(t.Context())
			defer end()
			var working sync.WaitGroup
			for _, worker := range replicas {
				working.Go(func() {
					if err := worker.reencrypt.Do(t.Context(), func(datakey.Progress) {}); err != nil {
						t.Errorf("re-encrypt: %v", err)
					}
				})
			}
			go func() {
				working.Wait()
				end()
			}()
			const people = 3000 // who are not all there before the change is over
			signIns := crowd(ctx, t, replicas, people)
			used, err := r.rows.Usage(t.Context())
			if plan := r.keeper.Plan(); err != nil || len(used) != 1 || plan.Index != ports.IndexSteady {
				t.Errorf("fields by key: %v, %v, plan %+v, want the newest alone", used, err, plan)
			}
			t.Logf("%d sign-ins meanwhile", signIns)
		})
	}
}

func TestChangedUserIsNeverOverwrittenByReencryption(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			r := newReplica(t, on.url(t), time.Nanosecond)
			r.populate(t, 1)
			id, err := r.find(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			table := sealedTables[0]
			page, err := r.rows.page(t.Context(), table, "", 10)
			if err != nil || len(page) != 1 {
				t.Fatalf("page: got %d rows, %v, want 1", len(page), err)
			}
			want, err := domain.NewEmail("new@example.com")
			if err != nil {
				t.Fatal(err)
			}
			err = r.db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				user, err := tx.Users().ForUpdate(ctx, id)
				if err != nil {
					return err
				}
				state := user.State()
				state.Email = want
				state.Version++
				return tx.Users().Save(ctx, domain.RestoreUser(state))
			})
			if err != nil {
				t.Fatal(err)
			}
			stale := []replacement{{page[0], page[0].values}}
			if changed, err := r.rows.write(t.Context(), table, stale); err != nil || changed != 0 {
				t.Errorf("write of what was read before the change: got %d rows, %v, want none", changed, err)
			}
			user, err := r.users.ByID(t.Context(), id)
			if err != nil || !user.State().Email.Equal(want.Secret) {
				t.Errorf("e-mail afterwards: %v, want the new one", err)
			}
		})
	}
}

func TestRowThatSomebodyHoldsIsLeftAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	r := newReplica(t, postgres.url(t), time.Nanosecond)
	r.populate(t, 3)
	id, err := r.find(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	page, err := r.rows.page(t.Context(), sealedTables[0], "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var all []replacement
	for _, row := range page {
		all = append(all, replacement{row, row.values})
	}
	err = r.db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, id); err != nil {
			return err
		}
		if changed, err := r.rows.write(ctx, sealedTables[0], all); err != nil || changed != 2 {
			t.Errorf("write: got %d rows, %v, want the two that nobody holds", changed, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkReencrypt tells how long a rotation takes for 100,000 people, with four who sign in all the time.
func BenchmarkReencrypt(b *testing.B) {
	const people = 100_000
	r := newReplica(b, postgres.url(b), time.Nanosecond)
	r.populate(b, people)
	for b.Loop() {
		if err := r.keeper.RotateFields(b.Context(), 0); err != nil {
			b.Fatal(err)
		}
		ctx, end := context.WithCancel(b.Context())
		var signing sync.WaitGroup
		var mu sync.Mutex
		signIns, slowest := 0, time.Duration(0)
		for range 4 {
			signing.Go(func() {
				for ctx.Err() == nil {
					began := time.Now()
					if _, err := r.signIn(b.Context(), b, rand.IntN(people)); err != nil {
						b.Errorf("sign-in: %v", err)
					}
					mu.Lock()
					signIns, slowest = signIns+1, max(slowest, time.Since(began))
					mu.Unlock()
				}
			})
		}
		var began time.Time
		err := r.reencrypt.Do(b.Context(), func(p datakey.Progress) {
			if p.Seen > 0 && began.IsZero() {
				began = time.Now()
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		end()
		signing.Wait()
		b.ReportMetric(took.Seconds(), "s/100000-people")
		b.ReportMetric(float64(2*people)/took.Seconds(), "rows/s")
		b.ReportMetric(float64(signIns)/took.Seconds(), "sign-ins/s")
		b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
	}
	r.wantOnlyNewest(b, people*personFields)
}
