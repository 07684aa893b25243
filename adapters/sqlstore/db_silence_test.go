package sqlstore

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/proxytest"
)

// throughProxy leads the URL of a database through a proxy.
func throughProxy(t *testing.T, address domain.Secret) (*proxy.Proxy, domain.Secret) {
	t.Helper()
	way, through := proxytest.Through(t, address.Reveal())
	return way, domain.NewSecret(through)
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
		if took > most+20*time.Second { // a busy machine takes seconds, and no context ends
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

// roomFor forwards so many connections at a time, and keeps others waiting, as a proxy does that is full.
func roomFor(t *testing.T, most int, address domain.Secret) domain.Secret {
	t.Helper()
	way, through := throughProxy(t, address)
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = front.Close() })
	room := make(chan struct{}, most)
	go func() {
		for {
			conn, err := front.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			select {
			case room <- struct{}{}:
			default:
				continue
			}
			behind, err := net.Dial("tcp", way.Addr())
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = behind.Close() })
			go func() { _, _ = io.Copy(behind, conn) }() // ends with the connection
			go func() { _, _ = io.Copy(conn, behind); <-room }()
		}
	}()
	return domain.NewSecret(strings.Replace(through.Reveal(), way.Addr(), front.Addr().String(), 1))
}

func TestFullProxyIsNotTakenForASilentServer(t *testing.T) {
	t.Parallel()
	db := openDB(t, Options{URL: roomFor(t, 2, postgresURL(t)), MaxConns: 2})
	long := make(chan error, 1)
	go func() { long <- db.slept(t.Context(), (untilAsked + untilSilent + 2*answerKept).Seconds()) }()
	for {
		select {
		case err := <-long:
			if err != nil {
				t.Errorf("a long statement: %v", err)
			}
			return
		default:
		}
		if err := db.slept(t.Context(), 0.2); err != nil {
			t.Fatalf("a statement beside it: %v", err)
		}
	}
}

func TestServerThatCannotBeReachedInTimeIsSilent(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"the dialer's own limit": &net.OpError{Op: "dial", Err: context.DeadlineExceeded},
		"no answer":              &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
		"no way":                 &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)},
	} {
		if unheard(err) == nil {
			t.Errorf("%s is taken for an answer", name)
		}
	}
	for name, err := range map[string]error{
		"an answer": nil, "a refusal": &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "hung up": io.EOF,
	} {
		if unheard(err) != nil {
			t.Errorf("%s is taken for silence", name)
		}
	}
}
