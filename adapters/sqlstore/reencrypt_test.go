package sqlstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestRotatedFieldKeyTakesEveryRowAlongAndTheOldOneGoes(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			r := newReplica(t, on.url(t), time.Nanosecond)
			plant(t, r.db)
			r.populate(t, 3)
			before := r.keeper.Plan().Newest()
			if err := r.keeper.RotateFields(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			r.mustReencrypt(t)
			r.wantOnlyNewest(t, 3*personFields+6) // and the planted one's four, session_key and signing key
			plan := r.keeper.Plan()
			if len(plan.Fields) != 1 || plan.Newest().ID == before.ID {
				t.Errorf("field keys: got %v, want a new one alone", plan.Fields)
			}
			for n := range 3 {
				if _, err := r.find(t.Context(), n); err != nil {
					t.Errorf("find: %v", err)
				}
			}
			if keys, err := NewSigningKeys(r.db).All(t.Context()); err != nil || len(keys) != 1 || keys[0].PEM.Reveal() != planted["signing key"] {
				t.Errorf("signing keys: got %d, %v, want the planted one", len(keys), err)
			}
		})
	}
}

func TestReplacedFieldKeyStaysAsLongAsASessionMayNeedIt(t *testing.T) {
	t.Parallel()
	r := newReplica(t, sqliteFile.url(t), time.Hour)
	r.populate(t, 3)
	if err := r.keeper.RotateFields(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	r.mustReencrypt(t)
	r.wantOnlyNewest(t, 3*personFields)
	if plan := r.keeper.Plan(); len(plan.Fields) != 2 || plan.Cleaned != plan.Newest().ID {
		t.Errorf("plan: got %+v, want both keys, and the rows brought to the newest", plan)
	}
}

func TestIndexKeyIsReplacedAndEverybodyIsFoundInEachPhase(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			address := on.url(t)
			r, other := newReplica(t, address, time.Hour), newReplica(t, address, time.Hour)
			r.populate(t, 5)
			old := firstIndexes(t, r)
			if err := r.keeper.RotateIndex(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := other.keeper.RotateIndex(t.Context()); !errors.Is(err, datakey.ErrIndexChanging) {
				t.Errorf("rotate while it is being replaced: got %v, want %v", err, datakey.ErrIndexChanging)
			}
			phases := map[ports.IndexPhase]bool{}
			err := r.reencrypt.Do(t.Context(), func(p datakey.Progress) {
				phases[p.Index] = true
				for n := range 5 {
					if _, err := other.find(t.Context(), n); err != nil {
						t.Errorf("phase %d: %v", p.Index, err)
					}
				}
			})
			if err != nil || len(phases) != 5 {
				t.Errorf("re-encrypt: %v, went through phases %v", err, phases)
			}
			for digest := range firstIndexes(t, r) {
				if old[digest] {
					t.Errorf("an index is still made with the old key")
				}
			}
			var second int64
			count := "SELECT count(email_index_next) + count(phone_index_next) + (SELECT count(openid_index_next) + count(unionid_index_next) FROM identities) FROM users"
			if err := r.db.read().NewRaw(count).Scan(t.Context(), &second); err != nil || second != 0 {
				t.Errorf("second indexes: got %d, %v, want none", second, err)
			}
		})
	}
}

func firstIndexes(t *testing.T, r *replica) map[string]bool {
	t.Helper()
	var found [][]byte
	statement := "SELECT email_index FROM users UNION ALL SELECT phone_index FROM users UNION ALL SELECT openid_index FROM identities UNION ALL SELECT unionid_index FROM identities"
	if err := r.db.read().NewRaw(statement).Scan(t.Context(), &found); err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for _, digest := range found {
		digests[string(digest)] = true
	}
	if len(digests) != 5*personFields {
		t.Errorf("indexes: got %d, want %d", len(digests), 5*personFields)
	}
	return digests
}

func TestReencryptionThatIsCutOffIsTakenUpWhereItEnded(t *testing.T) {
	t.Parallel()
	for _, on := range backends[:2] {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			const people = 1200
			address := on.url(t)
			r := newReplica(t, address, time.Hour)
			r.populate(t, people)
			if err := r.keeper.RotateFields(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			ctx, cut := context.WithCancel(t.Context())
			defer cut()
			var first int64
			err := r.reencrypt.Do(ctx, func(p datakey.Progress) {
				if first = p.Changed; first >= 1000 {
					cut()
				}
			})
			if !errors.Is(err, context.Canceled) || first != 1000 {
				t.Fatalf("cut off: got %v after %d rows, want to end after 1000", err, first)
			}
			next := newReplica(t, address, time.Hour)
			if last := next.mustReencrypt(t); last.Changed != 2*people-first { // users and identities
				t.Errorf("taken up: changed %d rows, want the %d that were left", last.Changed, 2*people-first)
			}
			next.wantOnlyNewest(t, people*personFields)
		})
	}
}

func TestFieldMovedToAnotherRowIsNoticedAndKeepsTheOldKey(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			r := newReplica(t, on.url(t), time.Nanosecond)
			r.populate(t, 2)
			var ids []domain.UserID
			for n := range 2 {
				id, err := r.find(t.Context(), n)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			var sealed [][]byte
			if err := r.db.read().NewRaw("SELECT email_sealed FROM users ORDER BY id").Scan(t.Context(), &sealed); err != nil {
				t.Fatal(err)
			}
			for i, id := range ids { // registered one after the other
				if _, err := r.db.exec(t.Context(), "UPDATE users SET email_sealed = $1 WHERE id = $2", sealed[1-i], r.db.id(id.ID)); err != nil {
					t.Fatal(err)
				}
			}
			for _, id := range ids {
				if user, err := r.users.ByID(t.Context(), id); err == nil {
					t.Errorf("a user with another's e-mail is read as %v", user.State().Email.Reveal())
				}
			}
			if err := r.keeper.RotateFields(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			err := r.reencrypt.Do(t.Context(), func(datakey.Progress) {})
			if broken, ok := errors.AsType[datakey.BrokenRows](err); !ok || broken.Count != 2 {
				t.Errorf("re-encrypt: got %v, want two rows that do not open", err)
			}
			if plan := r.keeper.Plan(); len(plan.Fields) != 2 {
				t.Errorf("field keys: got %d, want the old one kept", len(plan.Fields))
			}
		})
	}
}

func TestOneReplicaWorksInTheBackground(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			rows, now := NewSealedRows(openDB(t, Options{URL: on.url(t)})), stampNow().At
			mine, others := newID(), newID()
			for i, claim := range []struct {
				holder domain.ID
				now    time.Time
				want   bool
			}{
				{mine, now, true},
				{others, now.Add(time.Second), false},
				{mine, now.Add(30 * time.Second), true},
				{others, now.Add(61 * time.Second), false},
				{others, now.Add(91 * time.Second), true},
				{mine, now.Add(92 * time.Second), false},
			} {
				if got, err := rows.Claim(t.Context(), claim.holder, claim.now, claim.now.Add(time.Minute)); err != nil || got != claim.want {
					t.Errorf("claim %d: got %t, %v, want %t", i, got, err, claim.want)
				}
			}
		})
	}
}
