package signin

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	answerKept  = 10 * time.Second // how long a code is answered again
	answerLimit = 15 * time.Second // how long one answer may take
	answersKept = 8192             // bounds the memory; beyond it WeChat itself says that a code is used
)

// answers remembers what each login code was answered with for a short while, so that a code posted twice is traded once.
// Other replicas are not asked: there the second post reaches WeChat, which refuses it.
type answers struct {
	now   ports.Clock
	mu    sync.Mutex
	byKey map[codeKey]*answer
	done  []codeKey // the successful ones, oldest first
}

type codeKey [sha256.Size]byte

// origin is where a code came from, as far as one can tell.
type origin struct {
	ip     string
	device domain.Device
}

type answer struct {
	origin origin
	ready  chan struct{} // closed once the fields below are set
	result Result        // without the user, who is the larger part of it, and read again for the few who ask
	err    error
	at     time.Time
}

func newAnswers(now ports.Clock) *answers {
	return &answers{now: now, byKey: make(map[codeKey]*answer)}
}

// once calls work for the first who comes with key, and gives the others that answer.
func (a *answers) once(ctx context.Context, key codeKey, from origin, work func(context.Context) (Result, error)) (Result, error) {
	a.mu.Lock()
	a.forget(a.now().Add(-answerKept))
	if earlier, found := a.byKey[key]; found {
		a.mu.Unlock()
		return earlier.await(ctx, from)
	}
	mine := &answer{origin: from, ready: make(chan struct{})}
	a.byKey[key] = mine
	a.mu.Unlock()

	// Settled in a deferred call, so that a panic leaves nobody waiting.
	mine.err = domain.ErrUnavailable
	defer a.settle(key, mine)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	var result Result
	result, mine.err = work(ctx)
	mine.result = result
	mine.result.User = nil
	return result, mine.err
}

// await gives the answer to a second post of the code. Who waits for it from the start shares it; who comes after it was
// given must come from the same place.
func (a *answer) await(ctx context.Context, from origin) (Result, error) {
	select {
	case <-a.ready:
		if from != a.origin {
			return Result{}, domain.ErrWeChatCodeUsed
		}
		return a.result, a.err
	default:
	}
	select {
	case <-a.ready:
		return a.result, a.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

func (a *answers) settle(key codeKey, mine *answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	mine.at = a.now()
	if mine.err == nil {
		a.done = append(a.done, key)
	} else {
		delete(a.byKey, key) // a failure is nothing to give again; WeChat says whether the code can still be used
	}
	close(mine.ready)
}

// forget drops answers given before an instant, and the oldest when there are too many. The caller holds the lock.
func (a *answers) forget(before time.Time) {
	for len(a.done) > 0 {
		oldest := a.done[0]
		if len(a.done) <= answersKept && a.byKey[oldest].at.After(before) {
			return
		}
		delete(a.byKey, oldest)
		a.done = a.done[1:]
	}
}
