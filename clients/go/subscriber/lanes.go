package subscriber

import (
	"slices"
	"time"
)

// lanes keep the events that were received and not settled: a lane for each user, in the order of the stream. They know
// nothing of NATS, and are used by one goroutine.
//
// An event is queued, then running, then gone, or put off: given back to NATS, from where it comes again. A lane with an event
// that is running or put off starts no other.
type lanes struct {
	byKey   map[string]*lane
	ready   []*lane // have something to start, in the order in which they got it
	running int
	held    int // queued or put off
}

type lane struct {
	key     string
	queue   []*delivery
	running *delivery
	orphan  bool // what runs was received under an earlier pin
	again   bool // what runs has failed before
	putOff  *delivery
	giveUp  time.Time // what was put off does not come again after this
	isReady bool
}

func newLanes() *lanes { return &lanes{byKey: make(map[string]*lane)} }

// add takes in what was received. What comes a second time takes the place of the first, with its history.
func (l *lanes) add(d *delivery) {
	at := l.byKey[d.key]
	if at == nil {
		at = &lane{key: d.key}
		l.byKey[d.key] = at
	}
	if at.running != nil && at.running.sequence == d.sequence {
		if at.orphan { // it counts as held again: the server knows it as ours
			at.orphan = false
		}
		return // what is done about the one settles the other
	}
	if at.putOff != nil && at.putOff.sequence == d.sequence {
		d.history = at.putOff.history
		at.putOff = nil
		l.held--
	}
	i, found := slices.BinarySearchFunc(at.queue, d.sequence, func(q *delivery, sequence uint64) int {
		return compare(q.sequence, sequence)
	})
	if found {
		d.history = at.queue[i].history
		at.queue[i] = d
		return
	}
	at.queue = slices.Insert(at.queue, i, d)
	l.held++
	l.wake(at)
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// wake notes that a lane can start something, or forgets one that is empty.
func (l *lanes) wake(at *lane) {
	switch {
	case at.running != nil || at.putOff != nil || at.isReady:
	case len(at.queue) > 0:
		at.isReady = true
		l.ready = append(l.ready, at)
	default:
		delete(l.byKey, at.key)
	}
}

// start returns the next event that may be handled, or nil. It is running until it is done or putOff.
func (l *lanes) start() *delivery {
	for len(l.ready) > 0 {
		at := l.ready[0]
		l.ready = l.ready[1:]
		at.isReady = false
		if at.running != nil || at.putOff != nil || len(at.queue) == 0 {
			continue
		}
		d := at.queue[0]
		at.queue = at.queue[1:]
		l.held--
		at.running, at.orphan, at.again = d, false, d.failures > 0
		l.running++
		if at.again {
			d.crowd = l.crowd()
		}
		return d
	}
	return nil
}

// done ends what runs.
func (l *lanes) done(d *delivery) {
	at := l.byKey[d.key]
	at.running = nil
	l.running--
	l.wake(at)
}

// postpone ends what runs and keeps its lane until it comes again, or until giveUp.
func (l *lanes) postpone(d *delivery, giveUp time.Time) {
	at := l.byKey[d.key]
	l.running--
	at.running = nil
	if at.orphan { // it comes to whoever has the pin now, or came already
		l.wake(at)
		return
	}
	at.putOff, at.giveUp = d, giveUp
	l.held++
}

// overdue lets go of what was put off and did not come again: the stream keeps it no more. It returns how many.
func (l *lanes) overdue(now time.Time) (n int) {
	for _, at := range l.byKey {
		if at.putOff != nil && now.After(at.giveUp) {
			at.putOff = nil
			l.held--
			n++
			l.wake(at)
		}
	}
	return n
}

// drop forgets everything but what runs, and returns what was queued.
func (l *lanes) drop() (queued []*delivery) {
	for _, at := range l.byKey {
		queued = append(queued, at.queue...)
		at.queue, at.putOff, at.isReady = nil, nil, false
		at.orphan = at.running != nil
		l.wake(at)
	}
	l.ready, l.held = nil, 0
	slices.SortFunc(queued, func(a, b *delivery) int { return compare(a.sequence, b.sequence) })
	return queued
}

// each visits what is queued or running.
func (l *lanes) each(visit func(*delivery)) {
	for _, at := range l.byKey {
		if at.running != nil {
			visit(at.running)
		}
		for _, d := range at.queue {
			visit(d)
		}
	}
}

// crowd counts the events that failed or wait behind one of their user that did.
func (l *lanes) crowd() (c crowd) {
	for _, at := range l.byKey {
		n := len(at.queue)
		switch {
		case at.putOff != nil, at.running != nil && at.again:
			n++
		case at.running != nil || n == 0 || at.queue[0].failures == 0:
			continue
		}
		c.events += n
		c.users++
	}
	return c
}

// unsettled is how many events the server must know as ours: held, or running under this pin.
func (l *lanes) unsettled() int {
	n := l.held
	for _, at := range l.byKey {
		if at.running != nil && !at.orphan {
			n++
		}
	}
	return n
}
