package natsbus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	createSubjects = ".API.CONSUMER.CREATE." + StreamName + "."
	gateSubjects   = "_menjin_gate." // where requests of subscribers to make a consumer arrive

	gatePatience = 4 * time.Second // less than clients have
	gateWaiting  = 256             // requests that may wait; what comes on top is dropped and goes unanswered
	gateBytes    = 4 << 20
	gateRetry    = 50 * time.Millisecond
	gateLog      = time.Minute // one line about refusals in so much time

	apiLevelHeader = "Nats-Required-Api-Level"
)

// gate makes the consumers that subscribers ask for. No permission could: what is to be refused stands in the request's body,
// and the server's own limit counts the service's consumers with theirs, and some of them not at all.
type gate struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	log    *slog.Logger
	stop   context.CancelFunc
	done   sync.WaitGroup
	logged time.Time // when the last line about a refusal was
}

// openGate returns when requests are answered.
func openGate(log *slog.Logger, access ...nats.Option) (*gate, error) {
	conn, err := nats.Connect(nats.DefaultURL, append(access, nats.Name("menjin gate"),
		nats.MaxReconnects(-1), nats.ReconnectWait(gateRetry), nats.ReconnectJitter(0, 0), nats.IgnoreAuthErrorAbort())...)
	if err != nil {
		return nil, fmt.Errorf("connect to the embedded server: %w", err)
	}
	g := &gate{conn: conn, log: log}
	requests, err := g.listen()
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen for subscribers' requests: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.done.Go(func() { g.serve(ctx, requests) })
	return g, nil
}

func (g *gate) listen() (requests *nats.Subscription, err error) {
	if g.js, err = jetstream.New(g.conn); err != nil {
		return nil, err
	}
	if requests, err = g.conn.SubscribeSync(gateSubjects + ">"); err != nil {
		return nil, err
	}
	if err := requests.SetPendingLimits(gateWaiting, gateBytes); err != nil {
		return nil, err
	}
	return requests, g.conn.FlushTimeout(embeddedPatience)
}

// close may be called twice.
func (g *gate) close() {
	g.stop()
	g.done.Wait()
	g.conn.Close()
}

// serve answers one request after another, so that none is made beyond the limit while another is counted.
func (g *gate) serve(ctx context.Context, requests *nats.Subscription) {
	for {
		request, err := requests.NextMsgWithContext(ctx)
		if errors.Is(err, nats.ErrSlowConsumer) {
			continue // some were dropped
		}
		if err != nil {
			return
		}
		_ = request.RespondMsg(g.answer(ctx, request)) // who does not hear it asks again
	}
}

func (g *gate) answer(ctx context.Context, request *nats.Msg) *nats.Msg {
	ctx, cancel := context.WithTimeout(ctx, gatePatience)
	defer cancel()
	var asked server.CreateConsumerRequest
	decoder := json.NewDecoder(bytes.NewReader(request.Data))
	decoder.DisallowUnknownFields() // as the server does
	if err := decoder.Decode(&asked); err != nil {
		return refusing(server.NewJSInvalidJSONError(err))
	}
	// One that pushes would have the server itself publish, in the service's account and to whatever subject. The other two
	// kinds the server does not count.
	if asked.Config.DeliverSubject != "" || asked.Config.Direct || asked.Config.Sourcing {
		return refusing(server.NewJSConsumerCreateError(errors.New("subscribers may make pull consumers alone")))
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(request.Subject, gateSubjects), ".")
	if refusal := g.room(ctx, name); refusal != nil {
		return refusing(refusal)
	}
	answer, err := g.forward(ctx, request, asked)
	if err != nil {
		return refusing(server.NewJSInsufficientResourcesError())
	}
	return &nats.Msg{Header: answer.Header, Data: answer.Data}
}

// room returns why no consumer of a name can be made, nil when it can or is there already.
func (g *gate) room(ctx context.Context, name string) *server.ApiError {
	stream, err := g.js.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil // the server says so itself
	}
	if err != nil {
		return server.NewJSInsufficientResourcesError()
	}
	consumers := stream.CachedInfo().State.Consumers
	if consumers < subscriberConsumers {
		return nil
	}
	if _, err := stream.Consumer(ctx, name); err == nil || errors.Is(err, jetstream.ErrNotPullConsumer) {
		return nil
	}
	if time.Since(g.logged) > gateLog {
		g.log.WarnContext(ctx, "subscriber is refused a consumer: there is no room for more", "stream", StreamName, "consumers", consumers)
		g.logged = time.Now()
	}
	return server.NewJSMaximumConsumersLimitError()
}

// forward writes the request anew, so that the server reads what was judged here.
func (g *gate) forward(ctx context.Context, request *nats.Msg, asked server.CreateConsumerRequest) (*nats.Msg, error) {
	text, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	message := nats.NewMsg("$JS" + createSubjects + strings.TrimPrefix(request.Subject, gateSubjects))
	message.Data = text
	if level := request.Header.Get(apiLevelHeader); level != "" {
		message.Header.Set(apiLevelHeader, level)
	}
	return g.conn.RequestMsgWithContext(ctx, message)
}

func refusing(refusal *server.ApiError) *nats.Msg {
	text, err := json.Marshal(server.JSApiConsumerCreateResponse{
		ApiResponse: server.ApiResponse{Type: server.JSApiConsumerCreateResponseType, Error: refusal},
	})
	if err != nil {
		text = nil // cannot happen: the types are the server's own
	}
	return &nats.Msg{Data: text}
}
