package kittest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

// lettersOf returns the headers of the dead letters, oldest first.
func lettersOf(t *testing.T, js jetstream.JetStream, name string) (letters []map[string][]string) {
	t.Helper()
	stream, err := js.Stream(kittest.Soon(t), "menjin_dead_"+name)
	if err != nil {
		t.Fatal(err)
	}
	for sequence := range stream.CachedInfo().State.LastSeq {
		letter, err := stream.GetMsg(kittest.Soon(t), sequence+1)
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, letter.Header)
	}
	return letters
}

// failuresOf is how often the handler had failed on the event of a letter.
func failuresOf(t *testing.T, letter map[string][]string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.Join(letter["menjin-dead-failures"], " "))
	if err != nil {
		t.Fatalf("letter: %v, %v", letter, err)
	}
	return n
}

func TestOutageOfWhatHandlersNeedGivesNoEventUp(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.ProfileUpdated("u1", 1), kittest.ProfileUpdated("u2", 1), kittest.ProfileUpdated("u1", 2))
	js := server.JetStream(t)
	var failures atomic.Int64
	s := subscriber.New(js, "cutoff", quick())
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		if failures.Load() < 60 { // some thirty of each user: far more attempts than a panic gets
			failures.Add(1)
			return errBusy
		}
		if e.UserID == "u1" {
			done.note(fmt.Sprint(e.Sequence, e.Late))
		}
		return nil
	})
	run(t, s)
	wantEqual(t, "handled of u1", done.wait(t, 2), []string{"1 false", "2 false"})
	until(t, "nothing is left", func() bool { return lagOf(t, s) == 0 })
	wantEqual(t, "letters", len(lettersOf(t, js, "cutoff")), 0)
}

func TestPanicsAreCountedAndErrorsTimed(t *testing.T) {
	t.Parallel()
	server := kittest.Start(t)
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	js := server.JetStream(t)
	var calls atomic.Int64
	s := subscriber.New(js, "panicking", quick())
	s.OnProfileUpdated(func(context.Context, menjin.Event[menjin.ProfileUpdated]) error {
		if calls.Add(1) <= 15 {
			return errBusy
		}
		panic("out of range")
	})
	run(t, s)
	until(t, "it is given up", func() bool { return calls.Load() > 0 && lagOf(t, s) == 0 })
	wantEqual(t, "failures", failuresOf(t, lettersOf(t, js, "panicking")[0]), 25)
}

func TestEventIsGivenUpAfterItsTime(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.ProfileUpdated("u1", 1), kittest.ProfileUpdated("u1", 2))
	js := server.JetStream(t)
	options := quick()
	options.GiveUpAfter = 500 * time.Millisecond
	s := subscriber.New(js, "timed", options)
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		if e.Sequence == 1 {
			return errBusy
		}
		done.note(fmt.Sprint(e.Sequence))
		return nil
	})
	run(t, s)
	wantEqual(t, "handled", done.wait(t, 1), []string{"2"})
	letters := lettersOf(t, js, "timed")
	if got := failuresOf(t, letters[0]); len(letters) != 1 || got < 2 {
		t.Errorf("got %d letters, the first after %d failures, want 1 after several", len(letters), got)
	}
}

// errorLines counts what is logged as an error.
type errorLines struct {
	slog.Handler
	n *atomic.Int64
}

func (errorLines) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (e errorLines) Handle(context.Context, slog.Record) error { e.n.Add(1); return nil }

func TestFullWindowIsToldAndEmptiesInOrder(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	const many = 40
	want := make([]string, 0, many)
	for i := range int64(many) {
		server.Publish(t, kittest.ProfileUpdated("busy", i+1))
		want = append(want, fmt.Sprint("busy/", i+1))
	}
	server.Publish(t, kittest.ProfileUpdated("other", 1))
	var told, failures atomic.Int64
	var mended atomic.Bool
	options := quick()
	options.Window, options.Log = 16, slog.New(errorLines{slog.DiscardHandler, &told})
	s := subscriber.New(server.JetStream(t), "crowded", options)
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		if e.UserID == "busy" && e.Sequence == 1 && !mended.Load() {
			failures.Add(1)
			return errBusy
		}
		done.note(fmt.Sprint(e.UserID, "/", e.Sequence))
		return nil
	})
	run(t, s)
	until(t, "it is told", func() bool { return told.Load() > 0 })
	before := failures.Load()
	until(t, "it fails on", func() bool { return failures.Load() > before+10 })
	wantEqual(t, "told", told.Load(), 1)
	wantEqual(t, "handled behind a full window", done.all(), []string(nil))
	mended.Store(true)
	var busy []string
	for _, one := range done.wait(t, many+1) {
		if one != "other/1" {
			busy = append(busy, one)
		}
	}
	wantEqual(t, "handled of the busy user", busy, want)
}

func TestReplayGivesUpSooner(t *testing.T) {
	t.Parallel()
	server := kittest.Start(t)
	server.Publish(t, kittest.ProfileUpdated("u1", 1))
	for attempts, want := range map[int]int64{0: 10, 3: 3} {
		var calls atomic.Int64
		options := quick()
		options.MaxAttempts = attempts
		s := subscriber.New(server.JetStream(t), "replayed", options)
		s.OnProfileUpdated(func(context.Context, menjin.Event[menjin.ProfileUpdated]) error { calls.Add(1); return errBusy })
		if err := s.Replay(kittest.Soon(t), subscriber.FromSequence(1)); !errors.Is(err, errBusy) {
			t.Errorf("got %v, want %v", err, errBusy)
		}
		wantEqual(t, "attempts", calls.Load(), want)
	}
}
