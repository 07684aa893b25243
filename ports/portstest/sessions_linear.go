package portstest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/menjin-id/menjin/domain"
)

const (
	linearRounds  = 8
	linearCallers = 8
	linearCalls   = 12
)

// RefreshLinearizable lets callers refresh one session at once, some with tokens that were replaced, and end it at last, and
// checks that there is an order of these calls in which domain.Session gives the same answers: each call took effect at once,
// at some instant between its start and its return.
func RefreshLinearizable(t *testing.T, open OpenSessions) {
	t.Helper()
	for round := range linearRounds {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			s := &sessions{SessionsParts: open(t, refreshLimits), limits: refreshLimits, now: now()}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			first := s.opened(t, ctx, newUserID())
			history := s.record(t, ctx, first, round%2 == 1)
			verdict := porcupine.CheckOperationsTimeout(refreshModel(first, s.limits), history, patience)
			if verdict != porcupine.Ok {
				t.Errorf("history of %d calls: got %s, want it linearizable", len(history), verdict)
			}
		})
	}
}

// call is one call of Refresh, or, without a token, of End.
type call struct {
	presented domain.RefreshHash
	end       bool
	at        time.Time
}

// answer is what a call of Refresh returned.
type answer struct {
	refused     string // the reason; "" when it was not
	hash        domain.RefreshHash
	until, idle int64 // in microseconds
}

func answerOf(session *domain.Session, err error) (answer, error) {
	if refused, ok := errors.AsType[*domain.Error](err); ok {
		return answer{refused: refused.Reason}, nil
	}
	if err != nil {
		return answer{}, err
	}
	state := session.State()
	return answer{hash: state.RefreshHash, until: state.RefreshUntil.UnixMicro(), idle: state.IdleUntil.UnixMicro()}, nil
}

// record makes the calls and returns when each began and ended, and what came of it.
func (s *sessions) record(t *testing.T, ctx context.Context, first domain.SessionState, end bool) []porcupine.Operation {
	t.Helper()
	var (
		calling sync.WaitGroup
		mu      sync.Mutex
		history []porcupine.Operation
		newest  atomic.Int64 // the generation furthest known to anybody
		made    atomic.Int64
	)
	generations := []domain.RefreshHash{first.RefreshHash}
	for range linearCallers * linearCalls {
		generations = append(generations, successor(generations[len(generations)-1]))
	}
	start := time.Now()
	for caller := range linearCallers {
		calling.Go(func() {
			for range linearCalls {
				generation := max(0, int(newest.Load())-[]int{0, 0, 0, 1, 1, 2}[rand.IntN(6)]) //nolint:gosec // chance, no secret
				input := call{presented: generations[generation], at: s.now.Add(time.Duration(rand.IntN(15)) * time.Second)}
				input.end = end && made.Add(1) == linearCallers*linearCalls*3/4
				began := time.Since(start)
				output, err := s.do(ctx, first, input)
				returned := time.Since(start)
				if err != nil {
					t.Errorf("call: %v", err)
					return
				}
				if output.refused == "" && !input.end {
					raise(&newest, int64(generation)+1)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{
					ClientId: caller, Input: input, Call: began.Nanoseconds(), Output: output, Return: returned.Nanoseconds(),
				})
				mu.Unlock()
			}
		})
	}
	calling.Wait()
	return history
}

func (s *sessions) do(ctx context.Context, of domain.SessionState, input call) (answer, error) {
	if input.end {
		return answer{}, s.Store.End(ctx, of.UserID, of.ID)
	}
	return answerOf(s.Refresher.Refresh(ctx, of.UserID, of.ID, input.presented, successor(input.presented), input.at))
}

func raise(highest *atomic.Int64, to int64) {
	for {
		known := highest.Load()
		if known >= to || highest.CompareAndSwap(known, to) {
			return
		}
	}
}

// refreshModel is domain.Session, one call after the other. Its states are *domain.Session, nil once ended.
func refreshModel(first domain.SessionState, limits domain.SessionLimits) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return domain.RestoreSession(first) },
		Step: func(state, input, output any) (bool, any) {
			before, in, got := state.(*domain.Session), input.(call), output.(answer) //nolint:errcheck,forcetypeassert // made above
			if in.end {
				return true, (*domain.Session)(nil)
			}
			if before == nil {
				return got == answer{refused: domain.ErrRefreshTokenInvalid.Reason}, before
			}
			after := domain.RestoreSession(before.State())
			want, err := answerOf(after, after.Refresh(in.presented, successor(in.presented), limits, in.at))
			return err == nil && want == got, after
		},
		Equal: func(a, b any) bool { return sameSession(a.(*domain.Session), b.(*domain.Session)) }, //nolint:errcheck,forcetypeassert // made above
	}
}

func sameSession(a, b *domain.Session) bool {
	if a == nil || b == nil {
		return a == b
	}
	one, other := a.State(), b.State()
	return one.RefreshHash == other.RefreshHash && one.ReplacedHash == other.ReplacedHash &&
		one.RefreshedAt.Equal(other.RefreshedAt) && one.RefreshUntil.Equal(other.RefreshUntil)
}
