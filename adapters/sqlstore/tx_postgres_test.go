package sqlstore

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/ports"
)

// countingConn counts how often a read follows a write, which is how often somebody waited for the server.
type countingConn struct {
	net.Conn
	asked atomic.Bool
	trips *atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.asked.Store(true)
	return c.Conn.Write(p)
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.asked.Swap(false) {
		c.trips.Add(1)
	}
	return n, err
}

// openCounting opens a database whose round trips are counted, over one connection that is there already.
func openCounting(t *testing.T, address domain.Secret) (*DB, *atomic.Int64) {
	t.Helper()
	config, err := postgresConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	trips := new(atomic.Int64)
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &countingConn{Conn: conn, trips: trips}, err
	}
	config.MaxConns = 1
	db := &DB{cipher: testVault(), codec: cloudevent.New(), shards: 1, onCommit: func() {}}
	if err := db.connect(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.divide(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	return db, trips
}

func TestRoundTripsAreAsFewAsCanBe(t *testing.T) {
	t.Parallel()
	for _, backend := range []backend{postgres, postgresSimple} {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db, trips := openCounting(t, backend.url(t))
			user, event := newUser(t)
			known, knownEvent := newUserKnownAs(t, "u-"+newID().String())
			users := NewUsers(db)
			identity := user.State().WeChat[0]
			sessions := NewSessions(db, sessionLimits)
			session := domain.OpenSession(domain.SessionOpening{
				ID: domain.SessionID{ID: newID()}, UserID: user.ID(), Roles: []domain.Role{domain.RoleUser},
			}, sessionLimits, stampNow().At)
			opened := session.State()
			for _, step := range []struct {
				name string
				want int64
				run  func() error
			}{
				{"registration", 1, func() error { return add(t.Context(), db, user, event) }},
				{"registration with a unionid", 1, func() error { return add(t.Context(), db, known, knownEvent) }},
				{"change of a user", 2, func() error { return changeUser(t.Context(), db, user.ID()) }},
				{"nothing", 0, func() error {
					return db.InTx(t.Context(), func(context.Context, ports.Tx) error { return nil })
				}},
				{"ByID", 1, func() error { _, err := users.ByID(t.Context(), user.ID()); return err }},
				{"ByWeChat", 1, func() error {
					_, err := users.ByWeChat(t.Context(), identity.AppID, identity.OpenID)
					return err
				}},
				{"page", 1, func() error {
					_, err := users.Browse(t.Context(), ports.UserFilter{}, domain.UserID{}, 10)
					return err
				}},
				{"opening of a session", 1, func() error { _, err := sessions.Open(t.Context(), session, 20); return err }},
				{"Touch", 1, func() error {
					_, err := sessions.Touch(t.Context(), opened.UserID, opened.ID, opened.CreatedAt.Add(time.Minute))
					return err
				}},
				{"SetRoles", 1, func() error { return sessions.SetRoles(t.Context(), opened.UserID, 0, opened.Roles) }},
				{"EndOpenedBefore", 1, func() error { return sessions.EndOpenedBefore(t.Context(), opened.UserID, 0, opened.ID) }},
				{"Refresh", 2, func() error {
					_, err := sessions.Refresh(t.Context(), opened.UserID, opened.ID, opened.RefreshHash, domain.RefreshHash{2}, opened.CreatedAt)
					return err
				}},
				{"Take", 1, func() error {
					_, err := NewLimiter(db).Take(t.Context(), "key", ports.Rate{Burst: 1, Per: time.Hour}, opened.CreatedAt)
					return err
				}},
				{"Try", 1, func() error { _, err := NewAttempts(db).Try(t.Context(), "key", opened.CreatedAt); return err }},
			} {
				before := trips.Load()
				if err := step.run(); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				if got := trips.Load() - before; got != step.want {
					t.Errorf("%s: got %d round trips, want %d", step.name, got, step.want)
				}
			}
		})
	}
}

func TestDeadlockedChangesBothSucceed(t *testing.T) {
	t.Parallel()
	db := openDB(t, Options{URL: postgres.url(t)})
	first, second := register(t, db), register(t, db)
	var tries atomic.Int64
	var both sync.WaitGroup // of the transactions that hold their first lock
	both.Add(2)
	lock := func(one, other domain.UserID) error {
		meet := sync.OnceFunc(func() { both.Done(); both.Wait() })
		return db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
			tries.Add(1)
			if _, err := tx.Users().ForUpdate(ctx, one); err != nil {
				return err
			}
			meet()
			_, err := tx.Users().ForUpdate(ctx, other)
			return err
		})
	}
	var changing sync.WaitGroup
	var errs [2]error
	changing.Go(func() { errs[0] = lock(first.ID(), second.ID()) })
	changing.Go(func() { errs[1] = lock(second.ID(), first.ID()) })
	changing.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	// The one that gave way may meet the other again before that has ended.
	if got := tries.Load(); got < 3 {
		t.Errorf("got %d tries, want at least 3: one change gives way", got)
	}
}

func TestKilledServerIsUnavailableUntilItReturns(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	db := openDB(t, Options{URL: domain.NewSecret(server.Database(migrateTemplate))})
	user := register(t, db)

	var err error
	server.Kill()
	_, err = NewUsers(db).ByID(t.Context(), user.ID())
	wantUnavailable(t, "ByID", err)
	wantUnavailable(t, "Ping", db.Ping(t.Context()))
	wantUnavailable(t, "change", changeUser(t.Context(), db, user.ID()))
	late, event := newUser(t)
	wantUnavailable(t, "registration", add(t.Context(), db, late, event))

	server.Start()
	if err := changeUser(t.Context(), db, user.ID()); err != nil {
		t.Errorf("change after the restart: %v", err)
	}
}

func TestServerKilledDuringAChangeIsUnavailable(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	db := openDB(t, Options{URL: domain.NewSecret(server.Database(migrateTemplate))})
	user := register(t, db)
	err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, user.ID())
		if err != nil {
			return err
		}
		user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stampNow())
		server.Kill()
		return tx.Users().Save(ctx, user)
	})
	wantUnavailable(t, "commit", err)
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("%s: got error %v, want %v", what, err, domain.ErrUnavailable)
	}
}
