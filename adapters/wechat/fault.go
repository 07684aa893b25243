package wechat

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// health is what a failure tells of the way to WeChat and of the mini-program's standing there.
type health int

const (
	unclear health = iota // nothing
	well
	sick
)

// fault is a failed exchange. Its text is made here, from words of our own.
type fault struct {
	what    string
	failure error // what the caller matches
	health  health
}

func (f *fault) Error() string { return f.what + ": " + f.failure.Error() }
func (f *fault) Unwrap() error { return f.failure }

func implausible(what string) *fault {
	return &fault{what: what, failure: domain.ErrWeChatFailed, health: sick}
}

// wrongStatus is for anything but 200, which WeChat also gives with errors. A 4xx may be a firewall's view of one code,
// and one person must not stop the sign-ins of all.
func wrongStatus(status int) *fault {
	failed := implausible("HTTP status " + strconv.Itoa(status))
	if status/100 == 4 {
		failed.health = unclear
	}
	return failed
}

// unanswered is a request without an answer. It does not leave this package: net/http puts what the other side sent into
// its errors, and the other side may have sent our own request back.
type unanswered struct {
	cause error
	sent  bool // something may have left
}

func (u *unanswered) Error() string { return "no answer" }

// judge says what became of an exchange that ended without an answer of WeChat's.
func judge(caller context.Context, err error) error {
	silence, ok := errors.AsType[*unanswered](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		return &fault{what: "caller left", failure: caller.Err(), health: unclear}
	case caller.Err() != nil:
		return &fault{what: "no answer in the caller's time", failure: domain.ErrWeChatTimeout, health: unclear}
	case isTimeout(silence.cause):
		return &fault{what: "no answer in time", failure: domain.ErrWeChatTimeout, health: sick}
	case !silence.sent:
		return &fault{what: "connect: " + describe(silence.cause), failure: domain.ErrUnavailable.After(time.Second), health: sick}
	}
	return &fault{what: "broken off: " + describe(silence.cause), failure: domain.ErrWeChatFailed, health: sick}
}

func isTimeout(cause error) bool {
	network, ok := errors.AsType[net.Error](cause)
	return ok && network.Timeout() // context.DeadlineExceeded is one of these
}

// describe names the causes an operator meets, and quotes none.
func describe(cause error) string {
	if lookup, ok := errors.AsType[*net.DNSError](cause); ok && lookup.IsNotFound {
		return "no such host"
	} else if ok {
		return "the host's name could not be looked up"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](cause); ok {
		return "the certificate cannot be trusted"
	}
	if number, ok := errors.AsType[syscall.Errno](cause); ok {
		return number.Error()
	}
	if errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrUnexpectedEOF) {
		return "connection closed"
	}
	return "connection or protocol broken"
}
