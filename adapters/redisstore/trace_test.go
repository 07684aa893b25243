package redisstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/codes"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/internal/testserver/spantest"
)

func TestSpansOfCommandsHoldNoArguments(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		recorder := spantest.New(t, 1)
		redisstore.Trace(s.client, recorder.Tracer())
		ctx, span := recorder.Within(t.Context())
		key := "trace:{" + uuid.NewString() + "}"
		s.client.Get(ctx, key) // which is not there
		s.client.Set(ctx, key, "hunter2", 0)
		s.client.Incr(ctx, key) // it is no number
		pipeline := s.client.Pipeline()
		pipeline.Get(ctx, key)
		pipeline.Del(ctx, key)
		_, _ = pipeline.Exec(ctx)
		s.client.Get(context.WithoutCancel(t.Context()), key) // no span is around it
		span.End()
		for name, want := range map[string]codes.Code{"get": codes.Unset, "set": codes.Unset, "incr": codes.Error} {
			if spans := recorder.Named(name); len(spans) != 1 || spans[0].Status().Code != want {
				t.Errorf("%s: got %d spans of %q, want one with status %v", name, len(spans), recorder.Names(), want)
			}
		}
		if len(recorder.Named("pipeline")) == 0 { // a new connection introduces itself in another
			t.Errorf("got spans %q, want one of the pipeline", recorder.Names())
		}
		if text := recorder.Text(); strings.Contains(text, key) || strings.Contains(text, "hunter2") {
			t.Errorf("an argument stands in a span:\n%s", text)
		}
	})
}
