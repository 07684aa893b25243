package sqlstore

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/domain"
)

// throughProxy leads the URL of a database through a proxy.
func throughProxy(t *testing.T, address domain.Secret) (*proxy.Proxy, domain.Secret) {
	t.Helper()
	u, err := url.Parse(address.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	network, server, query := "tcp", u.Host, u.Query()
	if folder := query.Get("host"); folder != "" {
		network, server = "unix", folder+"/.s.PGSQL.5432"
		query.Del("host")
		u.RawQuery = query.Encode()
	}
	way, err := proxy.New(network, server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.Close)
	u.Host = way.Addr()
	return way, domain.NewSecret(u.String())
}

func (db *DB) slept(ctx context.Context, seconds float64) error {
	_, err := db.exec(ctx, "SELECT pg_sleep($1)", seconds)
	return err
}

func TestNobodyWaitsLongForAServerThatIsSilent(t *testing.T) {
	t.Parallel()
	way, through := throughProxy(t, postgresURL(t))
	db := openDB(t, Options{URL: through, MaxConns: 4})
	const crowd = 12 // more than there are connections
	ask := func() (errs [crowd]error) {
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = db.slept(t.Context(), 0) })
		}
		all.Wait()
		return errs
	}
	for i, err := range ask() {
		if err != nil {
			t.Fatalf("caller %d while all is well: %v", i, err)
		}
	}
	way.Stall()
	for round, most := range []time.Duration{untilAsked + untilSilent, untilSilent + answerKept} {
		began := time.Now()
		for i, err := range ask() {
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("caller %d of a silent server: got %v, want %v", i, err, domain.ErrUnavailable)
			}
		}
		took := time.Since(began)
		t.Logf("round %d: known after %v", round+1, took.Round(time.Millisecond))
		if took > most+5*time.Second { // a busy machine takes seconds, and no context ends
			t.Errorf("round %d: known after %v, want %v", round+1, took, most)
		}
	}
	way.Heal()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for err := db.slept(ctx, 0); err != nil; err = db.slept(ctx, 0) {
		select {
		case <-ctx.Done():
			t.Fatalf("the server answers again, and the store says %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestLongStatementOfAServerThatAnswersIsLeftAlone(t *testing.T) {
	t.Parallel()
	_, through := throughProxy(t, postgresURL(t))
	if err := openDB(t, Options{URL: through}).slept(t.Context(), (2*untilAsked + answerKept).Seconds()); err != nil {
		t.Error(err)
	}
}
