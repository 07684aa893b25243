package kittest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

// hopeless makes a subscriber that gives up every registration at once, and records that.
func hopeless(js jetstream.JetStream, name, deadStream string) (*subscriber.Subscriber, *record) {
	options, dead := quick(), newRecord()
	options.DeadStream = deadStream
	options.Observe = func(o subscriber.Outcome) {
		if o.Result == subscriber.Dead {
			dead.note(o.UserID)
		}
	}
	s := subscriber.New(js, name, options)
	s.OnRegistered(func(context.Context, menjin.Event[menjin.Registered]) error { return subscriber.Permanent(errBusy) })
	return s, dead
}

func TestEventThatDiesAgainHasALetterAlsoWhenTheFirstWasRemoved(t *testing.T) {
	t.Parallel()
	server := kittest.Start(t)
	js, event := server.JetStream(t), kittest.Registered("u1", 1)
	s, dead := hopeless(js, "twice", "")
	run(t, s)
	published := 0
	publishAgain := func(id string) {
		message := event.Message(t)
		message.Header.Set(jetstream.MsgIDHeader, id)
		if _, err := js.PublishMsg(kittest.Soon(t), message); err != nil {
			t.Fatal(err)
		}
		published++
		dead.wait(t, published)
	}
	publishAgain("first")
	letters := func() uint64 { return streamOf(t, js, "menjin_dead_twice").CachedInfo().State.Msgs }
	wantEqual(t, "letters", letters(), 1)
	publishAgain("second")
	wantEqual(t, "letters of the same event", letters(), 1)
	for _, id := range []string{"third", "fourth"} {
		if err := streamOf(t, js, "menjin_dead_twice").Purge(kittest.Soon(t)); err != nil {
			t.Fatal(err)
		}
		publishAgain(id)
		wantEqual(t, "letters after they were removed", letters(), 1)
	}
}

func TestSubscribersShareADeadLetterStream(t *testing.T) {
	t.Parallel()
	server := kittest.Start(t)
	js := server.JetStream(t)
	server.Publish(t, kittest.Registered("u1", 1))
	for _, name := range []string{"one", "two", "three"} {
		s, dead := hopeless(js, name, "letters")
		run(t, s)
		dead.wait(t, 1)
	}
	info := streamOf(t, js, "letters").CachedInfo()
	wantEqual(t, "letters", info.State.Msgs, 3)
	if info.Config.MaxAge == 0 || info.Config.MaxMsgs <= 0 || info.Config.Discard != jetstream.DiscardNew {
		t.Errorf("got %+v, want a bound in age and number that no letter is removed for", info.Config)
	}
}

func TestDeadLetterStreamThatCannotTakeLettersKeepsRunFromStarting(t *testing.T) {
	t.Parallel()
	js := kittest.Start(t).JetStream(t)
	for _, config := range []jetstream.StreamConfig{
		{Name: "mirror", Mirror: &jetstream.StreamSource{Name: menjin.Stream}},
		{Name: "elsewhere", Subjects: []string{"menjin_dead.>"}},
	} {
		if _, err := js.CreateStream(kittest.Soon(t), config); err != nil {
			t.Fatal(err)
		}
	}
	for _, deadStream := range []string{"mirror", "new"} {
		s, _ := hopeless(js, "unheard", deadStream)
		if err := s.Run(kittest.Soon(t)); !errors.Is(err, subscriber.ErrNoDeadLetters) {
			t.Errorf("%s: got %v, want %v", deadStream, err, subscriber.ErrNoDeadLetters)
		}
	}
}

func TestLettersAreWrittenAfterTheirStreamWasDeleted(t *testing.T) {
	t.Parallel()
	server := kittest.Start(t)
	js := server.JetStream(t)
	s, dead := hopeless(js, "deleted", "")
	run(t, s)
	until(t, "the dead-letter stream is made", func() bool { _, err := js.Stream(kittest.Soon(t), "menjin_dead_deleted"); return err == nil })
	if err := js.DeleteStream(kittest.Soon(t), "menjin_dead_deleted"); err != nil {
		t.Fatal(err)
	}
	server.Publish(t, kittest.Registered("u1", 1))
	dead.wait(t, 1)
	wantEqual(t, "letters", streamOf(t, js, "menjin_dead_deleted").CachedInfo().State.Msgs, 1)
}
