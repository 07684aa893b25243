package kittest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

func consumerOf(t *testing.T, js jetstream.JetStream, name string) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := js.Consumer(kittest.Soon(t), menjin.Stream, name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return consumer.CachedInfo()
}

func streamOf(t *testing.T, js jetstream.JetStream, name string) jetstream.Stream {
	t.Helper()
	stream, err := js.Stream(kittest.Soon(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// untilMarked returns once a subscriber has noted that up to a place of the stream nothing is left for it.
func untilMarked(t *testing.T, js jetstream.JetStream, name, place string) {
	t.Helper()
	until(t, "progress is marked", func() bool {
		info := consumerOf(t, js, name+"_read_to")
		return info != nil && info.Config.Metadata["menjin-read-to"] == place
	})
}

func TestConsumerFromNowThatIsMadeAnewLeavesNothingOut(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	js := server.JetStream(t)
	server.Publish(t, kittest.ProfileUpdated("old", 1))
	options := quick()
	options.FromNow = true
	s := subscriber.New(js, "fresh", options)
	profiles(s, done)
	run(t, s)
	until(t, "the consumer is made", func() bool { return consumerOf(t, js, "fresh") != nil })
	for i := range int64(3) {
		server.Publish(t, kittest.ProfileUpdated("u1", 2*i+1))
		until(t, "the event is handled", func() bool { return slices.Contains(done.all(), fmt.Sprint("u1/", 2*i+1)) })
		if err := js.DeleteConsumer(kittest.Soon(t), menjin.Stream, "fresh"); err != nil {
			t.Fatal(err)
		}
		server.Publish(t, kittest.ProfileUpdated("u1", 2*i+2))
		until(t, "what came without a consumer is handled", func() bool {
			return slices.Contains(done.all(), fmt.Sprint("u1/", 2*i+2))
		})
	}
	if slices.Contains(done.all(), "old/1") {
		t.Errorf("handled %v, want nothing from before the first start", done.all())
	}
}

func TestConsumerFromNowReadsAllOfAStreamThatWentBack(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	js := server.JetStream(t)
	for i := range int64(5) {
		server.Publish(t, kittest.ProfileUpdated("u1", i+1))
	}
	options := quick()
	options.FromNow = true
	s := subscriber.New(js, "restored", options)
	profiles(s, done)
	run(t, s)
	until(t, "the consumer is made", func() bool { return consumerOf(t, js, "restored") != nil })
	server.Publish(t, kittest.ProfileUpdated("u1", 6))
	done.wait(t, 1)
	config := streamOf(t, js, menjin.Stream).CachedInfo().Config
	if err := js.DeleteStream(kittest.Soon(t), menjin.Stream); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(kittest.Soon(t), config); err != nil {
		t.Fatal(err)
	}
	server.Publish(t, kittest.ProfileUpdated("u2", 1))
	wantEqual(t, "handled", done.wait(t, 2), []string{"u1/6", "u2/1"})
}

func TestConsumerFromNowReadsWhatAStreamThatWentBackHasGained(t *testing.T) {
	t.Parallel()
	server, done, hold := kittest.Start(t), newRecord(), make(chan struct{})
	js := server.JetStream(t)
	server.Publish(t, kittest.ProfileUpdated("u1", 1), kittest.ProfileUpdated("u1", 2))
	options := quick()
	options.FromNow = true
	s := subscriber.New(js, "regrown", options)
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		done.note(fmt.Sprint(e.UserID, "/", e.Sequence))
		<-hold
		return nil
	})
	run(t, s)
	until(t, "the consumer is made", func() bool { return consumerOf(t, js, "regrown") != nil })
	server.Publish(t, kittest.ProfileUpdated("u1", 3))
	done.wait(t, 1) // and held, so that no consumer is made before the stream has grown
	config := streamOf(t, js, menjin.Stream).CachedInfo().Config
	if err := js.DeleteStream(kittest.Soon(t), menjin.Stream); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(kittest.Soon(t), config); err != nil {
		t.Fatal(err)
	}
	want := []string{"u1/3"}
	for i := range int64(5) {
		server.Publish(t, kittest.ProfileUpdated("u2", i+1))
		want = append(want, fmt.Sprint("u2/", i+1))
	}
	close(hold)
	wantEqual(t, "handled", done.wait(t, len(want)), want)
}

func TestConsumerFromNowThatIsMadeAnewTellsOfAGap(t *testing.T) {
	t.Parallel()
	server, done, hold := kittest.Start(t), newRecord(), make(chan struct{})
	js := server.JetStream(t)
	options := quick()
	options.FromNow = true
	s := subscriber.New(js, "gap", options)
	s.OnProfileUpdated(func(context.Context, menjin.Event[menjin.ProfileUpdated]) error { done.note("x"); <-hold; return nil })
	ended := make(chan error, 1)
	go func() { ended <- s.Run(kittest.Soon(t)) }()
	until(t, "the consumer is made", func() bool { return consumerOf(t, js, "gap") != nil })
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	done.wait(t, 1) // and held: the session cannot end, and no consumer is made before
	if err := js.DeleteConsumer(kittest.Soon(t), menjin.Stream, "gap"); err != nil {
		t.Fatal(err)
	}
	for i := range int64(3) {
		server.Publish(t, kittest.ProfileUpdated("u2", i+1))
	}
	keep(t, server, 1)
	close(hold)
	if err := <-ended; !errors.Is(err, subscriber.ErrOvertaken) {
		t.Fatalf("got %v, want %v", err, subscriber.ErrOvertaken)
	}
	again := subscriber.New(js, "gap", options)
	profiles(again, done)
	if err := again.Run(kittest.Soon(t)); !errors.Is(err, subscriber.ErrOvertaken) {
		t.Errorf("started again: got %v, want %v", err, subscriber.ErrOvertaken)
	}
}

func TestRetentionThatOvertakesAConsumerAtWorkEndsRun(t *testing.T) {
	t.Parallel()
	server, done, hold := kittest.Start(t), newRecord(), make(chan struct{})
	options := quick()
	options.Window = 1
	s := subscriber.New(server.JetStream(t), "slow", options)
	s.OnProfileUpdated(func(context.Context, menjin.Event[menjin.ProfileUpdated]) error { done.note("x"); <-hold; return nil })
	ended := make(chan error, 1)
	go func() { ended <- s.Run(kittest.Soon(t)) }()
	for i := range int64(4) {
		server.Publish(t, kittest.ProfileUpdated("u1", i+1))
	}
	done.wait(t, 1)
	keep(t, server, 1)
	close(hold)
	if err := <-ended; !errors.Is(err, subscriber.ErrOvertaken) {
		t.Errorf("got %v, want %v", err, subscriber.ErrOvertaken)
	}
}

func TestProgressIsMarkedWithoutWritingTheConsumer(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	js := server.JetStream(t)
	var written []string // of the one goroutine of the subscription, then of the test
	listener := server.Connect(t)
	heard, err := listener.Subscribe("$JS.API.CONSUMER.CREATE."+menjin.Stream+".>", func(m *nats.Msg) {
		written = append(written, strings.Split(m.Subject, ".")[5])
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Flush(); err != nil {
		t.Fatal(err)
	}
	server.Publish(t, kittest.ProfileUpdated("u1", 1), kittest.Registered("u1", 2))
	s := subscriber.New(js, "crm", quick())
	profiles(s, done)
	stop := run(t, s)
	untilMarked(t, js, "crm", "2")
	server.Publish(t, kittest.Registered("u2", 1), kittest.ProfileUpdated("u1", 3), kittest.Registered("u3", 1))
	done.wait(t, 2)
	wantEqual(t, "Run", stop(), error(nil))
	untilMarked(t, js, "crm", "5")
	ended := make(chan struct{})
	heard.SetClosedHandler(func(string) { close(ended) })
	if err := heard.Drain(); err != nil {
		t.Fatal(err)
	}
	<-ended
	wantEqual(t, "consumers written", written, []string{"crm", "crm_read_to", "crm_read_to"})
}

func TestConsumerThatWasNarrowedIsWidenedAgain(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	js := server.JetStream(t)
	s := subscriber.New(js, "narrowed", quick())
	profiles(s, done)
	s.OnLocked(func(context.Context, menjin.Event[menjin.Locked]) error { done.note("locked"); return nil })
	run(t, s)
	until(t, "the consumer is made", func() bool { return consumerOf(t, js, "narrowed") != nil })
	config := consumerOf(t, js, "narrowed").Config
	config.FilterSubjects = config.FilterSubjects[1:]
	if _, err := streamOf(t, js, menjin.Stream).UpdateConsumer(kittest.Soon(t), config); err != nil {
		t.Fatal(err)
	}
	until(t, "it is widened", func() bool { return len(consumerOf(t, js, "narrowed").Config.FilterSubjects) == 2 })
	server.Publish(t, kittest.Of(menjin.TypeLocked, "u1", 1, menjin.Locked{UserID: "u1"}))
	wantEqual(t, "handled", done.wait(t, 1), []string{"locked"})
}

// Permissions for its own consumer sufficed before there was a mark, and NATS does not answer what it does not permit.
func TestSubscriberThatMayHaveNoMarkReads(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	server.Permit(t, "crm", []string{
		"$JS.API.CONSUMER.*.MENJIN_EVENTS.crm", "$JS.API.CONSUMER.*.MENJIN_EVENTS.crm.>", "$JS.API.CONSUMER.MSG.NEXT.MENJIN_EVENTS.crm",
		"$JS.API.STREAM.*.menjin_dead_crm", "$JS.API.STREAM.INFO.MENJIN_EVENTS", "$JS.API.INFO", "$JS.ACK.MENJIN_EVENTS.crm.>",
	})
	conn, err := nats.Connect(server.URL(), nats.UserInfo("crm", "crm"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s := subscriber.New(js, "crm", quick())
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		done.note(fmt.Sprint(e.Sequence))
		return nil
	})
	run(t, s)
	wantEqual(t, "handled", done.wait(t, 1), []string{"1"})
}
