// Package demo plays a mini-program and a subscriber against a running service, and prints each step: what a newcomer looks
// at first, and a quick check of an installation that still uses the WeChat look-alike.
package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	stepTimeout = 10 * time.Second
	maxAnswer   = 1 << 20
	stream      = "MENJIN_EVENTS"
)

// Options says where the three parties are.
type Options struct {
	Service string // base address of the API
	Sandbox string // base address of the WeChat look-alike
	NATS    string // where events can be subscribed to; empty: the event is not waited for
	Person  string // who signs in; somebody new unless set
}

// Run plays sign-in, a look at the caller, the event and sign-out; then the person comes back, hands over a telephone number, takes
// along what is kept of them, and has themselves deleted. It returns the first step that does not go as it should.
func Run(ctx context.Context, options Options, out io.Writer) error {
	if options.Person == "" {
		options.Person = fmt.Sprintf("demo-%x", time.Now().UnixNano())
	}
	play := &play{options: options, out: out, client: &http.Client{Timeout: stepTimeout}}
	defer play.close()
	for _, step := range []struct {
		title string
		run   func(context.Context) (string, error)
	}{
		{"service    GET  /api/hello", play.hello},
		{"subscriber NATS menjin.user.>", play.subscribe},
		{"wx.login   POST /_sandbox/codes", play.wxLogin},
		{"login      POST /api/login", play.login},
		{"user       GET  /api/user/info", play.userInfo},
		{"event      menjin.user.registered", play.event},
		{"logout     POST /api/logout", play.logout},
		{"after      GET  /api/user/info", play.afterLogout},
		{"wx.login   POST /_sandbox/codes", play.wxLogin},
		{"login      POST /api/login", play.login},
		{"button     POST /_sandbox/phone_codes", play.phoneButton},
		{"phone      POST /api/user/phone", play.phone},
		{"export     GET  /api/user/export", play.export},
		{"deletion   DELETE /api/user", play.deletion},
		{"tombstone  menjin.user.deleted", play.tombstone},
	} {
		start := time.Now()
		found, err := step.run(ctx)
		if err != nil {
			fmt.Fprintf(out, "✗ %s\n    %v\n", step.title, err)
			return fmt.Errorf("%s: %w", strings.Join(strings.Fields(step.title), " "), err)
		}
		fmt.Fprintf(out, "✓ %-37s %6.1f ms  %s\n", step.title, float64(time.Since(start).Microseconds())/1000, found)
	}
	fmt.Fprintln(out, "everything works")
	return nil
}

// play is one performance: each step leaves what later ones need.
type play struct {
	options Options
	out     io.Writer
	client  *http.Client
	nats    *nats.Conn
	events  jetstream.Consumer
	code    []byte // the look-alike's answer, which is also a valid request with the code in it
	token   string
	userID  string
}

func (p *play) close() {
	if p.nats != nil {
		p.nats.Close()
	}
}
