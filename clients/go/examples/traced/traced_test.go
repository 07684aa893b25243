package traced_test

import (
	"context"
	"errors"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/examples/traced"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	traceParent = "00-" + traceID + "-b7ad6b7169203331-01"
)

func TestHandlerGoesOnWithTheTraceOfTheEvent(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	js := kittest.Start(t).JetStream(t)
	for _, event := range []struct{ user, parent string }{{"u1", traceParent}, {"u2", ""}} {
		message := kittest.Registered(event.user, 1).Message(t)
		if event.parent != "" {
			message.Header.Set("traceparent", event.parent)
		}
		if _, err := js.PublishMsg(kittest.Soon(t), message); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(kittest.Soon(t))
	defer stop()
	within := make(chan string, 2)
	s := subscriber.New(js, "traced", subscriber.Options{})
	s.OnRegistered(traced.Handler(tracer, func(ctx context.Context, event menjin.Event[menjin.Registered]) error {
		within <- event.UserID + " " + trace.SpanContextFromContext(ctx).TraceID().String()
		if len(within) == 2 {
			stop()
		}
		return nil
	}))
	if err := s.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	seen := map[string]bool{<-within: true, <-within: true}
	if !seen["u1 "+traceID] || seen["u2 "+traceID] {
		t.Errorf("got %v, want the trace of the event for u1 alone", seen)
	}
	for _, span := range recorder.Ended() {
		if span.SpanContext().TraceID().String() == traceID && span.Parent().SpanID().String() != "b7ad6b7169203331" {
			t.Errorf("parent: got %s, want what the event names", span.Parent().SpanID())
		}
	}
	if got := len(recorder.Ended()); got != 2 {
		t.Errorf("got %d spans, want one for each event", got)
	}
}
