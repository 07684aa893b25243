package natsbus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/spantest"
	"github.com/menjin-id/menjin/ports"
)

func parentOf(span trace.Span, flags string) map[string]string {
	made := span.SpanContext()
	return map[string]string{"traceparent": fmt.Sprintf("00-%s-%s-%s", made.TraceID(), made.SpanID(), flags)}
}

func wantChild(t *testing.T, parent trace.Span, spans []sdktrace.ReadOnlySpan, status codes.Code) {
	t.Helper()
	if len(spans) != 1 || spans[0].Parent().SpanID() != parent.SpanContext().SpanID() ||
		spans[0].SpanContext().TraceID() != parent.SpanContext().TraceID() || spans[0].Status().Code != status {
		t.Errorf("got %v, want one span with status %v below the one that the event names", spans, status)
	}
}

func TestPublishingGoesOnWithTheTraceOfEachEvent(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	bus := within(t, embedded(t), natsbus.Options{Tracer: recorder.Tracer()})
	_, span := recorder.Within(t.Context())
	batch := registrations(t, 4)
	batch[0].Headers = parentOf(span, "01")
	batch[1].Headers = parentOf(span, "00") // which is not recorded
	batch[2].Headers = map[string]string{"traceparent": "hunter2"}
	publish(t, bus, batch...)
	wantChild(t, span, recorder.Spans(), codes.Unset)
	if got, want := spantest.Attribute(recorder.Spans()[0], "messaging.message.id"), batch[0].Message.ID.String(); got != want {
		t.Errorf("message: got %q, want %q", got, want)
	}
}

func TestEventThatIsNotStoredHasAFailedSpan(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	url := natstest.URL(t)
	bus := connect(t, url, natsbus.Options{Tracer: recorder.Tracer()})
	ensure(t, bus)
	_, js := client(t, url)
	limitSize(t, js, 4096)
	_, span := recorder.Within(t.Context())
	event := registrations(t, 1)
	event[0].Headers, event[0].Data = parentOf(span, "01"), make([]byte, 8192)
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, event)
	wantRejected(t, err, event[0].Message.ID)
	wantChild(t, span, recorder.Spans(), codes.Error)
}

func TestFeedGoesOnWithTheTraceOfTheEvent(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	bus := within(t, embedded(t), natsbus.Options{Tracer: recorder.Tracer()})
	_, span := recorder.Within(t.Context())
	message := noticeMessage(t, newNotice())
	message.Headers = parentOf(span, "01")
	publish(t, bus, message)

	ctx, stop := context.WithCancel(limited(t))
	defer stop()
	calls := 0
	err := bus.Follow(ctx, func(within context.Context, _ ports.SessionNotice) error {
		if got := trace.SpanContextFromContext(within).TraceID(); got != span.SpanContext().TraceID() {
			t.Errorf("trace of the handler: got %s, want %s", got, span.SpanContext().TraceID())
		}
		if calls++; calls == 1 {
			return errors.New("hunter2")
		}
		stop()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	processed := recorder.Named("process menjin.user.session_ended.v1")
	if len(processed) != 2 {
		t.Fatalf("got spans %q, want one for each delivery", recorder.Names())
	}
	wantChild(t, span, processed[:1], codes.Error)
	wantChild(t, span, processed[1:], codes.Unset)
}
