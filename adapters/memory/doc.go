// Package memory holds fakes of the ports: they keep everything in maps, pass the contract suites of ports/portstest, and
// are what tests of other packages use in place of a database, a Redis, a NATS or WeChat. Beside the port each has a few
// methods for tests alone: to look inside, to script an answer, to let it fail (Break).
//
//	store := memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
//	sessions := memory.NewSessions(limits)
//	wechat := memory.NewWeChat("wx0123456789abcdef")
//	wechat.Grant("code-1", ports.WeChatLogin{OpenID: openID, SessionKey: key})
//
// All of them are safe for concurrent use. Nothing outlives the process; no fake is meant for production.
package memory

import (
	"context"
	"sync/atomic"
)

// outage lets a fake fail. It is part of each fake that stands for a server.
type outage struct{ err atomic.Pointer[error] }

// Break makes every call fail with err until Break(nil). What stands for an unreachable server matches
// domain.ErrUnavailable.
func (o *outage) Break(err error) {
	if err == nil {
		o.err.Store(nil)
		return
	}
	o.err.Store(&err)
}

// down returns why a call fails before it does anything.
func (o *outage) down(ctx context.Context) error {
	if err := o.err.Load(); err != nil {
		return *err
	}
	return ctx.Err()
}
