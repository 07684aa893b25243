package httpapi

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/text/language"

	"github.com/menjin-id/menjin/domain"
)

// exchange is one request on its way through the server. It is the request's context too, which spares every request a
// context value for each thing it knows.
type exchange struct {
	deadline

	server   *Server
	request  *http.Request // as received, with the context of the connection
	writer   recorder
	began    time.Time
	id       string
	clientIP string

	operation *operation // nil until the route is known
	tokenSent bool
	caller    domain.Claims // zero for a public route
	userID    string        // of the caller, as text
	sessionID string
	tag       language.Tag
	tagKnown  bool

	reason  string     // of the failure that was answered
	newUser bool       // the request registered somebody
	gone    bool       // the client left before the answer
	aborted bool       // the answer was begun and not finished
	span    trace.Span // nil where no spans are made
	took    time.Duration

	slots [4]string
	used  int
}

func (s *Server) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{server: s, request: r, began: time.Now(), clientIP: s.clientIP(r), id: s.requestID(r)}
	x.writer.ResponseWriter = w
	x.parent, x.at = r.Context(), x.began.Add(s.timeout)
	if s.tracing != nil {
		s.tracing.begin(x)
	}
	s.metrics.inFlight.Inc()
	return x
}

type exchangeKey struct{}

// Value makes the exchange findable from every context made of it.
func (x *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return x
	}
	return x.deadline.Value(key)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// setHeader is Header().Set for a canonical key, without an allocation for the first few.
func (x *exchange) setHeader(key, value string) {
	if x.used == len(x.slots) {
		x.writer.Header()[key] = []string{value}
		return
	}
	slot := x.slots[x.used : x.used+1 : x.used+1]
	slot[0] = value
	x.used++
	x.writer.Header()[key] = slot
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(body)
	w.bytes += int64(n)
	return n, err
}
