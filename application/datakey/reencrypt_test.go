package datakey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// rows is a table of fields without indexes, as ciphers see it.
type rows struct {
	ring *replica

	mu      sync.Mutex
	sealed  [][]byte
	held    int // rows that somebody holds, for one look each
	brought []time.Time
	holder  domain.ID
	until   time.Time
}

func (s *rows) Count(context.Context) (int64, error) { return int64(len(s.sealed)), nil }

func (s *rows) Bring(ctx context.Context, _ ports.RowPlace, _ int) (brought ports.BroughtRows, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.brought = append(s.brought, time.Now())
	brought.Seen, brought.End = len(s.sealed), true
	prefix := string(s.ring.ring.KeyPrefix())
	for i, sealed := range s.sealed {
		plain, err := s.ring.ring.Open(field, sealed)
		switch {
		case err != nil:
			brought.Broken++
		case string(sealed[:5]) == prefix:
		case s.held > 0:
			s.held--
			brought.Left++
		default:
			if s.sealed[i], err = s.ring.ring.Seal(field, plain); err != nil {
				return brought, err
			}
			brought.Changed++
		}
	}
	return brought, ctx.Err()
}

func (s *rows) Claim(_ context.Context, holder domain.ID, now, until time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != holder && now.Before(s.until) {
		return false, nil
	}
	s.holder, s.until = holder, until
	return true, nil
}

func (s *rows) Usage(context.Context) (map[uint32]int64, error) { return nil, nil }

func (s *rows) looks() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.brought
}

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

const keep = 30 * 24 * time.Hour

func reencryptOf(r *replica, table *rows) *datakey.Reencrypt {
	return datakey.NewReencrypt(r.keeper, table, datakey.ReencryptOptions{Keep: keep}, time.Now, newID, discard)
}

func TestRowsAreBroughtToANewKeyOnceItHasSettledAndTheOldOneGoesLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		table := &rows{ring: r, sealed: [][]byte{r.seal(t), r.seal(t), r.seal(t)}, held: 2}
		reencrypt := reencryptOf(r, table)
		do := func(progress func(datakey.Progress)) {
			t.Helper()
			if err := reencrypt.Do(t.Context(), progress); err != nil {
				t.Fatal(err)
			}
		}
		do(func(p datakey.Progress) { t.Errorf("nothing to do, and told of %+v", p) })
		began := time.Now()
		if err := r.keeper.RotateFields(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		do(func(datakey.Progress) {})
		if looks := table.looks(); len(looks) != 2 || looks[0].Sub(began) != 150*time.Second {
			t.Errorf("looked at %v after the rotation, want twice, as rows were held, from 150s on", looks)
		}
		if got := r.keeper.Plan(); len(got.Fields) != 2 || got.Cleaned != got.Newest().ID {
			t.Errorf("plan: got %+v, want the old key kept for sessions", got)
		}
		time.Sleep(keep)
		do(func(datakey.Progress) {})
		if got := r.keeper.Plan(); len(got.Fields) != 1 {
			t.Errorf("plan: got %+v, want the new key alone", got)
		}
		for _, sealed := range table.sealed {
			r.wantOpens(t, sealed)
		}
	})
}

func TestIndexGoesThroughItsPhasesAndEachSettles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		table, began := &rows{ring: r}, time.Now()
		before, err := r.ring.Indexes("users", "phone", phone)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.keeper.RotateIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := reencryptOf(r, table).Do(t.Context(), func(datakey.Progress) {}); err != nil {
			t.Fatal(err)
		}
		looks := table.looks()
		if len(looks) != 5 {
			t.Fatalf("looked %d times at the rows, want once in each phase", len(looks))
		}
		for i, at := range looks {
			if got, want := at.Sub(began), time.Duration(i+1)*90*time.Second; got != want {
				t.Errorf("look %d after %s, want %s", i, got, want)
			}
		}
		after, err := r.ring.Indexes("users", "phone", phone)
		if err != nil || after.Second != nil || string(after.First) == string(before.First) {
			t.Errorf("indexes: %+v, %v, want new ones of one key", after, err)
		}
	})
}

func TestFieldThatDoesNotOpenKeepsEveryKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		damaged := r.seal(t)
		damaged[len(damaged)-1] ^= 1
		table := &rows{ring: r, sealed: [][]byte{r.seal(t), damaged}}
		if err := r.keeper.RotateFields(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		err := reencryptOf(r, table).Do(t.Context(), func(datakey.Progress) {})
		if broken, ok := errors.AsType[datakey.BrokenRows](err); !ok || broken.Count != 1 {
			t.Errorf("got %v, want one broken row", err)
		}
		if got := r.keeper.Plan(); len(got.Fields) != 2 {
			t.Errorf("plan: got %+v, want both keys", got)
		}
	})
}

func TestOneReplicaReencryptsInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		replicas := setup(t, 3)
		table := &rows{ring: replicas[0], sealed: [][]byte{replicas[0].seal(t)}}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for _, r := range replicas {
			for _, run := range []func(context.Context) error{r.keeper.Run, reencryptOf(r, table).Run} {
				running.Go(func() {
					if err := run(ctx); err != nil {
						t.Errorf("run: %v", err)
					}
				})
			}
		}
		time.Sleep(time.Hour)
		if looks := table.looks(); len(looks) != 0 {
			t.Errorf("looked %d times at rows with nothing to do", len(looks))
		}
		if err := replicas[2].keeper.RotateFields(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if looks := table.looks(); len(looks) != 1 {
			t.Errorf("looked %d times after a rotation, want once", len(looks))
		}
		if got := replicas[1].keeper.Plan(); got.Cleaned != got.Newest().ID {
			t.Errorf("plan: got %+v, want the rows brought to the newest key", got)
		}
		stop()
		running.Wait()
	})
}
