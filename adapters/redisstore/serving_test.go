package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// downed is what a master says that is cut off from the others.
const downed = "-CLUSTERDOWN The cluster is down\r\n"

// onFirst and onSecond are keys of a limiter in slots 5061 and 15495, those of a played Cluster's first and second master.
const onFirst, onSecond = "bar", "a"

func TestClusterThatServesNobodyIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(c *playedCluster){
		"nobody has slots": (*playedCluster).loseSlots,
		"all are cut off": func(c *playedCluster) {
			for _, m := range c.masters {
				m.play("fail", downed)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := playCluster(t)
			s := newSetup(t, cluster.url()+"?"+patient, limits)
			if err := s.store.Ping(t.Context()); err != nil {
				t.Fatalf("ping while all serve: %v", err)
			}
			cluster.masters[0].play("fail", downed)
			if err := s.store.Ping(t.Context()); err != nil {
				t.Errorf("ping while one serves: %v", err)
			}
			harm(cluster)
			if err := s.store.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("ping while nobody serves: got %v, want %v", err, domain.ErrUnavailable)
			}
		})
	}
}

func TestProcessCountsAloneOnlyWhatOneMasterOfSomeCannot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer, other string
		alone         bool
	}{
		"silent":                    {"", "ok", true},
		"cut off":                   {downed, "ok", true},
		"loading":                   {"-LOADING Redis is loading the dataset in memory\r\n", "ok", true},
		"out of memory":             {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "ok", false},
		"not allowed":               {"-NOPERM this user has no permissions\r\n", "ok", false},
		"silent, the other cut off": {"", "fail", false},
		"both are cut off":          {downed, "fail", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := playCluster(t)
			s := newSetup(t, cluster.url(), limits)
			limiter := redisstore.NewLimiter(s.client)
			take := func(key string) error {
				_, err := limiter.Take(t.Context(), key, ports.Rate{Burst: 9, Per: time.Minute}, now())
				return err
			}
			for i, key := range []string{onFirst, onSecond} {
				if err := answered(t, func() error { return take(key) }); err != nil || len(cluster.masters[i].received()) == 0 {
					t.Fatalf("take from an allowance on master %d: %v", i, err)
				}
			}
			cluster.masters[0].play("fail", test.answer)
			cluster.masters[1].play(test.other, ":0\r\n")
			if err := take(onFirst); (err == nil) != test.alone || err != nil && !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("got %v, want it counted: %t", err, test.alone)
			}
		})
	}
}

func TestWhatAMasterDoesNotAnswerInTimeIsSentOnce(t *testing.T) {
	t.Parallel()
	cluster := playCluster(t)
	s := newSetup(t, cluster.url(), limits)
	attempts, user := redisstore.NewAttempts(s.client), domain.UserID{ID: newID()}
	session := newSession(user, now(), limits)
	recorded := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	for _, m := range cluster.masters {
		m.play("ok", "")
	}
	for name, do := range map[string]func(ctx context.Context) error{
		"try":     func(ctx context.Context) error { _, err := attempts.Try(ctx, onFirst, now()); return err },
		"refresh": func(context.Context) error { _, err := s.refresh(t, session, 0, now()); return err },
		"list":    func(ctx context.Context) error { _, err := s.store.List(ctx, user, now()); return err },
		"end":     func(ctx context.Context) error { return s.store.End(ctx, user, session.State().ID) },
		"open":    func(ctx context.Context) error { _, err := s.store.Open(ctx, session, most); return err },
	} {
		for _, ctx := range []context.Context{t.Context(), recorded} {
			if err := do(ctx); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s: got %v, want %v", name, err, domain.ErrUnavailable)
			}
			got := slices.Concat(cluster.masters[0].received(), cluster.masters[1].received())
			if len(got) != 1 {
				t.Errorf("%s: the masters got %v, want one command", name, got)
			}
		}
	}
}
