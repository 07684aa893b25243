package kittest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	_ "modernc.org/sqlite"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/inbox"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

func profiles(s *subscriber.Subscriber, done *record) {
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		done.note(fmt.Sprint(e.UserID, "/", e.Sequence))
		return nil
	})
}

func TestOrderOutlivesTheDeathOfTheProcessAtWork(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.ProfileUpdated("u1", 1), kittest.ProfileUpdated("u1", 2), kittest.ProfileUpdated("u2", 1))
	dying := server.JetStream(t)
	options := quick()
	options.StopTimeout = time.Millisecond
	first := subscriber.New(dying, "mortal", options)
	stuck := make(chan struct{})
	first.OnProfileUpdated(func(ctx context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		if e.UserID == "u1" {
			close(stuck)
			<-ctx.Done()
		}
		return ctx.Err()
	})
	run(t, first)
	<-stuck
	dying.Conn().Close() // what the server sees of a process that was killed
	server.Publish(t, kittest.ProfileUpdated("u1", 3))
	second := subscriber.New(server.JetStream(t), "mortal", quick())
	second.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		if e.UserID == "u1" { // the acknowledgement of the other may have died on its way
			done.note(fmt.Sprint(e.UserID, "/", e.Sequence))
		}
		return nil
	})
	began := time.Now()
	run(t, second)
	wantEqual(t, "handled", done.wait(t, 3), []string{"u1/1", "u1/2", "u1/3"})
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("taken over after %s, want about AckWait (2s) and what a busy machine adds", took)
	}
}

func TestRunEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	js := kittest.Start(t).JetStream(t)
	s := subscriber.New(js, "closed", quick())
	profiles(s, newRecord())
	js.Conn().Close()
	if err := s.Run(kittest.Soon(t)); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("got %v, want %v", err, nats.ErrConnectionClosed)
	}
}

func TestStandbyTakesOverAtOnceFromOneThatStops(t *testing.T) {
	t.Parallel()
	server, one, two := kittest.Start(t), newRecord(), newRecord()
	options := quick()
	options.AckWait = 30 * time.Second
	first := subscriber.New(server.JetStream(t), "pair", options)
	profiles(first, one)
	stop := run(t, first)
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	one.wait(t, 1)
	second := subscriber.New(server.JetStream(t), "pair", options)
	profiles(second, two)
	run(t, second)
	server.Publish(t, kittest.ProfileUpdated("u1", 2))
	one.wait(t, 2)
	wantEqual(t, "Run", stop(), error(nil))
	server.Publish(t, kittest.ProfileUpdated("u1", 3))
	wantEqual(t, "handled by the second", two.wait(t, 1), []string{"u1/3"})
	wantEqual(t, "handled by the first", one.all(), []string{"u1/1", "u1/2"})
}

func TestStopLetsHandlersFinishAndGivesTheRestBack(t *testing.T) {
	t.Parallel()
	server, done, finish := kittest.Start(t), newRecord(), make(chan struct{})
	server.Publish(t, kittest.ProfileUpdated("u1", 1), kittest.ProfileUpdated("u1", 2))
	s := subscriber.New(server.JetStream(t), "stopped", quick())
	s.OnProfileUpdated(func(ctx context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		done.note(fmt.Sprint(e.Sequence))
		<-finish
		return ctx.Err()
	})
	stop := run(t, s)
	done.wait(t, 1)
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	close(finish)
	wantEqual(t, "Run", <-ended, error(nil))
	wantEqual(t, "handled", done.all(), []string{"1"})
	wantEqual(t, "left", lagOf(t, s), 1)
	next := subscriber.New(server.JetStream(t), "stopped", quick())
	profiles(next, done)
	run(t, next)
	wantEqual(t, "handled after all", done.wait(t, 2), []string{"1", "u1/2"})
}

func TestEventsGoOnAfterARestartOfNATS(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	s := subscriber.New(server.JetStream(t), "patient", quick())
	profiles(s, done)
	run(t, s)
	for i := range int64(3) {
		server.Publish(t, kittest.ProfileUpdated("u1", 2*i+1))
		done.wait(t, int(2*i+1))
		server.Restart(t)
		server.Publish(t, kittest.ProfileUpdated("u1", 2*i+2))
		done.wait(t, int(2*i+2))
	}
	wantEqual(t, "handled", done.all(), []string{"u1/1", "u1/2", "u1/3", "u1/4", "u1/5", "u1/6"})
}

func TestDeletedConsumerIsMadeAnew(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	s := subscriber.New(server.JetStream(t), "gone", quick())
	profiles(s, done)
	run(t, s)
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	done.wait(t, 1)
	if err := server.JetStream(t).DeleteConsumer(kittest.Soon(t), menjin.Stream, "gone"); err != nil {
		t.Fatal(err)
	}
	server.Publish(t, kittest.ProfileUpdated("u1", 2))
	wantEqual(t, "handled", done.wait(t, 3), []string{"u1/1", "u1/1", "u1/2"})
}

// keep lets the stream's limits remove all but the last few events, as its retention does.
func keep(t *testing.T, server *kittest.Server, n int64) {
	t.Helper()
	js := server.JetStream(t)
	stream, err := js.Stream(kittest.Soon(t), menjin.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, most := range []int64{n, -1} {
		config := stream.CachedInfo().Config
		config.Discard, config.MaxMsgs = jetstream.DiscardOld, most
		if _, err := js.UpdateStream(kittest.Soon(t), config); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOvertakenConsumerDoesNotStart(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	begin := func(options subscriber.Options) (stop func() error) {
		s := subscriber.New(server.JetStream(t), "slow", options)
		profiles(s, done)
		return run(t, s)
	}
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	stop := begin(quick())
	done.wait(t, 1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for i := range int64(5) { // missed while it was away, but for the last
		server.Publish(t, kittest.ProfileUpdated("u1", i+2))
	}
	keep(t, server, 1)
	s := subscriber.New(server.JetStream(t), "slow", quick())
	profiles(s, done)
	if err := s.Run(kittest.Soon(t)); !errors.Is(err, subscriber.ErrOvertaken) {
		t.Fatalf("got %v, want %v", err, subscriber.ErrOvertaken)
	}
	options := quick()
	options.AcceptGap = true
	stop = begin(options)
	wantEqual(t, "handled", done.wait(t, 2), []string{"u1/1", "u1/6"})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stop = begin(quick()) // the gap is forgotten
	server.Publish(t, kittest.ProfileUpdated("u1", 7))
	done.wait(t, 3)
	wantEqual(t, "Run", stop(), error(nil))
}

func TestConsumerOfRareEventsIsNotTakenForOvertaken(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	for i := range int64(5) {
		server.Publish(t, kittest.Registered("u2", i+1)) // nothing for it
	}
	s := subscriber.New(server.JetStream(t), "rare", quick())
	profiles(s, done)
	stop := run(t, s)
	done.wait(t, 1)
	untilMarked(t, server.JetStream(t), "rare", "6")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	server.Publish(t, kittest.Registered("u2", 6))
	keep(t, server, 1) // its next would be the second, if it were not for the mark
	server.Restart(t)
	again := subscriber.New(server.JetStream(t), "rare", quick())
	profiles(again, done)
	run(t, again)
	server.Publish(t, kittest.ProfileUpdated("u1", 2))
	done.wait(t, 2)
}

func TestConsumerIsWidenedAndNeverNarrowedOrTakenOver(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	js := server.JetStream(t)
	begin := func(name string, options subscriber.Options, kinds int) error {
		s := subscriber.New(js, name, options)
		profiles(s, done)
		if kinds > 1 {
			s.OnRegistered(func(context.Context, menjin.Event[menjin.Registered]) error { done.note("registered"); return nil })
		}
		ctx, cancel := context.WithCancel(kittest.Soon(t))
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
			select {
			case err := <-ended:
				if errors.Is(ctx.Err(), context.DeadlineExceeded) {
					t.Errorf("%s: the consumer does not take %d kinds of events", name, kinds)
				}
				return err
			default:
			}
			consumer, err := js.Consumer(kittest.Soon(t), menjin.Stream, name)
			if err == nil && len(consumer.CachedInfo().Config.FilterSubjects) == kinds {
				cancel() // it took what it was told to
			}
		}
	}
	wantEqual(t, "first", begin("grown", quick(), 1), error(nil))
	server.Publish(t, kittest.Registered("u1", 1))
	wantEqual(t, "widened", begin("grown", quick(), 2), error(nil))
	if err := begin("grown", quick(), 1); !errors.Is(err, subscriber.ErrNarrowed) {
		t.Errorf("narrowed: got %v, want %v", err, subscriber.ErrNarrowed)
	}
	options := quick()
	options.Narrow = true
	wantEqual(t, "narrowed on purpose", begin("grown", options, 1), error(nil))
	foreign := jetstream.ConsumerConfig{Durable: "foreign", AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := js.CreateConsumer(kittest.Soon(t), menjin.Stream, foreign); err != nil {
		t.Fatal(err)
	}
	if err := begin("foreign", quick(), 1); !errors.Is(err, subscriber.ErrForeign) {
		t.Errorf("taken over: got %v, want %v", err, subscriber.ErrForeign)
	}
}

func TestOldReleaseLeavesToTheNewOneWhatOnlyThatKnows(t *testing.T) {
	t.Parallel()
	server, before, after := kittest.Start(t), newRecord(), newRecord()
	older := subscriber.New(server.JetStream(t), "rolling", quick())
	profiles(older, before)
	stop := run(t, older)
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	before.wait(t, 1)
	newer := subscriber.New(server.JetStream(t), "rolling", quick())
	profiles(newer, after)
	newer.OnPhoneBound(func(_ context.Context, _ menjin.Event[menjin.PhoneBound]) error { after.note("phone"); return nil })
	run(t, newer)
	until(t, "the consumer is widened", func() bool {
		consumer, err := server.JetStream(t).Consumer(kittest.Soon(t), menjin.Stream, "rolling")
		return err == nil && len(consumer.CachedInfo().Config.FilterSubjects) == 2
	})
	server.Publish(t, kittest.Of(menjin.TypePhoneBound, "u1", 2, menjin.PhoneBound{UserID: "u1"}),
		kittest.ProfileUpdated("u1", 3), kittest.ProfileUpdated("u2", 1))
	before.wait(t, 2)
	wantEqual(t, "Run", stop(), error(nil))
	wantEqual(t, "handled by the older", before.all(), []string{"u1/1", "u2/1"})
	wantEqual(t, "handled by the newer", after.wait(t, 2), []string{"phone", "u1/3"})
}

func TestReplayReadsAgainAndTellsSo(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	for i := range int64(4) {
		server.Publish(t, kittest.ProfileUpdated("u1", i+1))
	}
	fresh := func() *subscriber.Subscriber {
		failed := false
		s := subscriber.New(server.JetStream(t), "again", quick())
		s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
			if e.Sequence == 3 && !failed {
				failed = true
				return errBusy
			}
			done.note(fmt.Sprint(e.Sequence, e.Replayed))
			return nil
		})
		return s
	}
	wantEqual(t, "by sequence", fresh().Replay(kittest.Soon(t), subscriber.FromSequence(3)), error(nil))
	wantEqual(t, "by time", fresh().Replay(kittest.Soon(t), subscriber.Since(time.Now().Add(-time.Hour))), error(nil))
	wantEqual(t, "of nothing", fresh().Replay(kittest.Soon(t), subscriber.Since(time.Now().Add(time.Hour))), error(nil))
	wantEqual(t, "handled", done.all(), []string{"3 true", "4 true", "1 true", "2 true", "3 true", "4 true"})
}

func TestLateEventIsMarkedOrSkipped(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.ProfileUpdated("u1", 2), kittest.ProfileUpdated("u1", 1), kittest.ProfileUpdated("u1", 3))
	want := 0
	for name, skip := range map[string]bool{"deliver": false, "skip": true} {
		if want += 3; skip {
			want--
		}
		options := quick()
		options.SkipLate = skip
		s := subscriber.New(server.JetStream(t), name, options)
		s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
			done.note(fmt.Sprint(name, e.Sequence, e.Late))
			return nil
		})
		stop := run(t, s)
		done.wait(t, want)
		wantEqual(t, "Run", stop(), error(nil))
	}
	seen := map[string]bool{}
	for _, one := range done.all() {
		seen[one] = true
	}
	wantEqual(t, "seen", seen, map[string]bool{
		"deliver2 false": true, "deliver1 true": true, "deliver3 false": true, "skip2 false": true, "skip3 false": true,
	})
}

func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestCrashBetweenCommitAndAcknowledgementHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	server, db, box := kittest.Start(t), openSQLite(t), inbox.New("greeter", inbox.SQLite)
	if err := box.Create(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("create table greeting (user_id text)"); err != nil {
		t.Fatal(err)
	}
	greet := inbox.Once(box, db, func(ctx context.Context, tx *sql.Tx, e menjin.Event[menjin.Registered]) error {
		_, err := tx.ExecContext(ctx, "insert into greeting values (?)", e.UserID)
		return err
	})
	server.Publish(t, kittest.Registered("u1", 1))
	dying, committed := server.JetStream(t), make(chan struct{})
	first := subscriber.New(dying, "greeter", quick())
	first.OnRegistered(func(ctx context.Context, e menjin.Event[menjin.Registered]) error {
		err := greet(ctx, e)
		dying.Conn().Close()
		close(committed)
		return err
	})
	stop := run(t, first)
	<-committed
	_ = stop()
	var deliveries atomic.Int64
	second := subscriber.New(server.JetStream(t), "greeter", quick())
	second.OnRegistered(func(ctx context.Context, e menjin.Event[menjin.Registered]) error {
		deliveries.Store(int64(e.Delivery))
		return greet(ctx, e)
	})
	run(t, second)
	until(t, "it came again", func() bool { return deliveries.Load() == 2 && lagOf(t, second) == 0 })
	var greetings int
	if err := db.QueryRow("select count(*) from greeting").Scan(&greetings); err != nil || greetings != 1 {
		t.Errorf("greetings: got %d, %v, want 1", greetings, err)
	}
}
