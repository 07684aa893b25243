package wechatsandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// courier carries the messages of one Push.
type courier struct {
	server *Server
	push   Push
	client *http.Client
	report PushReport
}

func (s *Server) newCourier(push Push) *courier {
	dialer := &net.Dialer{Control: refuseRemote}
	return &courier{server: s, push: push, client: &http.Client{
		Timeout:       s.opts.PushTimeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxResponseHeaderBytes: maxHeaderBytes}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// refuseRemote holds the line to this machine also when a name leads elsewhere.
func refuseRemote(_, address string, _ syscall.RawConn) error {
	if to, err := netip.ParseAddrPort(address); err != nil || !to.Addr().Unmap().IsLoopback() {
		return ErrNotLoopback
	}
	return nil
}

// verify sends the request that proves the receiver to know the token: it must echo.
func (c *courier) verify(ctx context.Context) {
	query := c.push.sign(c.server.now().Add(-c.push.Age))
	echo := newNonce() + newNonce()
	query.Set("echostr", echo)
	attempt := c.send(ctx, parcel{method: http.MethodGet, query: query})
	attempt.Try = 1
	attempt.Accepted = attempt.Status == http.StatusOK && attempt.Answer == echo
	c.keep(attempt)
}

func (c *courier) deliverAll(ctx context.Context) {
	latest := c.server.now().Add(-c.push.Age)
	for i := range c.push.Count {
		number := i + 1
		if c.push.OutOfOrder {
			number = c.push.Count - i
		}
		made := latest.Add(time.Duration(number-c.push.Count) * time.Second)
		c.deliver(ctx, number, c.server.message(c.push, made))
	}
}

func (c *courier) deliver(ctx context.Context, number int, message []field) {
	first := c.pack(message)
	for i := range c.push.Copies {
		for try := 1; try <= pushTries && ctx.Err() == nil; try++ {
			p := first
			if !c.push.Replay {
				p = c.pack(message)
			}
			attempt := c.send(ctx, p)
			attempt.Message, attempt.Copy, attempt.Try = number, i+1, try
			attempt.Accepted = attempt.received()
			c.keep(attempt)
			if attempt.Accepted {
				break
			}
		}
	}
}

func (c *courier) keep(attempt PushAttempt) {
	if attempt.Accepted {
		c.report.Accepted++
	}
	c.report.Attempts = append(c.report.Attempts, attempt)
}

func (a PushAttempt) received() bool {
	if a.Status != http.StatusOK {
		return false
	}
	answer := strings.TrimSpace(a.Answer)
	return answer == "" || answer == "success" || strings.HasPrefix(answer, "{") || strings.HasPrefix(answer, "<xml>")
}

// send makes one request and reads the answer, both within the timeout.
func (c *courier) send(ctx context.Context, p parcel) PushAttempt {
	c.server.pushes.Add(1)
	status, answer, err := c.exchange(ctx, p)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the URL holds a signature
		}
		return PushAttempt{Error: err.Error()}
	}
	return PushAttempt{Status: status, Answer: answer}
}

func (c *courier) exchange(ctx context.Context, p parcel) (status int, answer string, err error) {
	target, err := url.Parse(c.push.URL)
	if err != nil {
		return 0, "", fmt.Errorf("parse url: %w", err)
	}
	query := target.Query()
	for key := range p.query {
		query.Set(key, p.query.Get(key))
	}
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, p.method, target.String(), bytes.NewReader(p.body))
	if err != nil {
		return 0, "", fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("User-Agent", "Mozilla/4.0")
	if p.contentType != "" {
		request.Header.Set("Content-Type", p.contentType)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxPushAnswer))
	if err != nil {
		return 0, "", fmt.Errorf("read answer: %w", err)
	}
	return response.StatusCode, string(text), nil
}
