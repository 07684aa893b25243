// Package subscriber receives the events of Menjin: typed handlers over a durable consumer of the stream.
//
//	greeter := subscriber.New(js, "greeter", subscriber.Options{})
//	greeter.OnRegistered(func(ctx context.Context, event menjin.Event[menjin.Registered]) error {
//		return greet(ctx, event.UserID)
//	})
//	err := greeter.Run(ctx) // until ctx ends; what is being handled then is finished and acknowledged
//
// # What is promised
//
// Every event is handled at least once. It is acknowledged after its handler has returned nil, never before. A crash
// between the two brings it again; package inbox turns that into exactly one effect.
//
// The events of one user are handled one at a time and in order, those of different users at once. When a handler fails,
// the event is put off and comes again, later each time, and the later events of that user wait for it. It is given up
//
//   - at once for an error marked with Permanent, and for what is no event,
//   - after ten panics of its handler,
//   - after Options.GiveUpAfter (12 hours) of other errors. They are not counted: in an outage of the handlers' database, say, every
//     event fails, and all of them succeed when it is back. Mark what no repetition changes, so that its user need not wait so
//     long, or set Options.MaxAttempts where a number suits better; it counts every failure.
//
// It is written to the dead-letter stream first. The user's later events go on without it.
//
// Other users wait for none of that while there is room in Options.Window (1024 events). An event that is put off and those behind it keep
// their places there: a user with more events than the window behind one that fails, or as many users with one each, keep everybody's
// events from coming. From half of it on the log says so, as an error and once an hour. Then mend what fails, make it Permanent, or
// enlarge the window. A handler that hangs until Options.HandlerTimeout also takes one of the Options.Workers each time.
//
// Several processes may run under one name. One of them works and the others stand by, because two could not keep a user's
// events in order. When the one at work stops, another takes over at once, where the account may unpin a consumer; when it
// dies or hangs, within Options.AckWait. Whoever takes over waits until everything that the former one held has come
// again, at most Options.AckWait after a crash, or the remainder of the longest put-off. Give work of different kinds different
// names to spread it.
//
// # Order, and what can still break it
//
// A process that is stopped for longer than AckWait (a suspended machine) may wake up in the middle of a handler whose event
// somebody else has handled by then. And an event may lie in the stream twice, where the service published it again after its
// duplicate window (10 minutes). Both show: an event whose sequence is not above that of the last one handled for its user
// is marked Event.Late. By default it is delivered all the same, because skipping an event that was not handled loses it:
// use an inbox, which knows for sure. A handler that only copies the newest state can have them skipped: Options.SkipLate.
//
// # When it stops
//
// Run keeps on through outages of NATS, reconnects and consumers that somebody deleted. It returns at once, with an error that
// tells what to do, when going on would lose events: ErrOvertaken, ErrNarrowed, ErrForeign, ErrTooOld, ErrNoDeadLetters.
//
// A consumer that was deleted is made anew and reads the whole stream again; with Options.FromNow it goes on behind the last
// place up to which this process saw everything settled, so that nothing is left out, and some events come again. A process
// that starts and does not find its consumer cannot know that there was one: with FromNow it begins with what comes then.
// After a consumer was deleted, or NATS was restored to a copy older than it, while no process ran, use Replay.
//
// ErrOvertaken comes at the start and also to a consumer at work. It may come although nothing was missed, where the stream's
// first events were removed for another reason before anything else was read.
//
// # What it keeps in NATS
//
// The consumer of that name; one named <name>_read_to, which hands out nothing and whose metadata tells how far there was
// nothing left for the first, so that a consumer of rare kinds is not taken for overtaken; and the dead-letter stream. That is
// made to hold letters for 90 days and 100,000 of them: when it is full, no more events are given up, and each keeps its user
// waiting until somebody has looked. A stream that exists keeps its own limits; subjects for the letters are added to it. It
// may be shared by several subscribers.
package subscriber
