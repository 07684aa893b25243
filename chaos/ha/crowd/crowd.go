// Package crowd is people who use the service through nginx while it is harmed: they sign in for the first time and again, ask
// whether they are signed in, refresh and sign out. What they were answered is what the service has promised.
package crowd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"
)

const (
	doors     = 12
	keepers   = 4                      // more, where people stay signed in and do nothing but ask whether they are
	arrivers  = 2                      // more, where people sign in and are seen no more
	pace      = 130 * time.Millisecond // between two requests at a door
	checks    = 4
	longestOf = 20 * time.Second // which nginx keeps too
)

// Crowd is safe for concurrent use.
type Crowd struct {
	url    string
	client *http.Client // of who comes with ended sessions, and of the judge
	tally  tally

	leave context.CancelFunc
	gone  sync.WaitGroup

	mu         sync.Mutex
	registered map[string]bool // users
	ended      []ending        // sessions that were signed out of
	letIn      []LetIn
	nonce      uint64
}

// ending is a session that is over, as the service answered.
type ending struct {
	token, refresh string
	at             time.Time
}

// LetIn is an ended session that was answered all the same.
type LetIn struct{ At, Ended time.Time }

// Gather lets the crowd in at the URL of nginx.
func Gather(ctx context.Context, url string) *Crowd {
	ctx, leave := context.WithCancel(ctx)
	c := &Crowd{
		url: url, leave: leave, registered: map[string]bool{}, nonce: uint64(time.Now().UnixMicro()),
		client: clientFrom(0),
	}
	for door := range doors + keepers + arrivers {
		c.gone.Go(func() { c.stand(ctx, door) })
	}
	c.gone.Go(func() { c.tryAgain(ctx) })
	return c
}

// SendAway returns when everybody has left.
func (c *Crowd) SendAway() {
	c.leave()
	c.gone.Wait()
	c.client.CloseIdleConnections()
}

// Registered are the users whose registration was answered.
func (c *Crowd) Registered() map[string]bool { return c.registered }

// LetIn are the times at which somebody was let in with an ended session.
func (c *Crowd) LetIn() []LetIn { return c.letIn }

// stand is the people who come through one door, one after the other.
func (c *Crowd) stand(ctx context.Context, door int) {
	select { // not all at once
	case <-ctx.Done():
		return
	case <-time.After(time.Duration(door) * pace * 7 / (doors + keepers + arrivers)):
	}
	turn, client := time.NewTicker(pace), clientFrom(door+1)
	defer turn.Stop()
	defer client.CloseIdleConnections()
	for number := 0; ctx.Err() == nil; number++ {
		p := &person{crowd: c, door: door, client: client, turn: turn.C}
		if number%3 == 2 {
			p.known = fmt.Sprintf("known-%05d", door)
		}
		switch {
		case door < doors:
			p.visit(ctx, number%2 == 0)
		case door < doors+keepers:
			p.stay(ctx)
		default:
			p.take(ctx, p.signIn)
		}
	}
}

// clientFrom has an address of its own where loopback has more than one, as nginx counts what each address does.
func clientFrom(door int) *http.Client {
	dialer := &net.Dialer{}
	if runtime.GOOS == "linux" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(door))}
	}
	return &http.Client{Timeout: longestOf, Transport: &http.Transport{DialContext: dialer.DialContext}}
}

// person is one who comes, does this and that, and goes.
type person struct {
	crowd  *Crowd
	door   int
	client *http.Client
	turn   <-chan time.Time
	known  string // empty: somebody new

	token, refresh string
	leaving        bool // has asked to be signed out, and had no answer
}

func (p *person) visit(ctx context.Context, leaves bool) {
	steps := []func(context.Context) verdict{p.signIn, p.check, p.check, p.renew}
	for range checks - 2 {
		steps = append(steps, p.check)
	}
	if leaves {
		steps = append(steps, p.signOut)
	}
	for _, step := range steps {
		if !p.take(ctx, step) {
			return
		}
	}
}

// stay is a visit that ends with the session alone.
func (p *person) stay(ctx context.Context) {
	for step := p.signIn; p.take(ctx, step); step = p.check {
	}
}

// take takes a step until it succeeds, and reports whether there is another one.
func (p *person) take(ctx context.Context, step func(context.Context) verdict) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-p.turn:
		}
		if verdict := step(ctx); verdict != again {
			return verdict == done && ctx.Err() == nil
		}
	}
}

// tryAgain comes with sessions that are over: mostly those that ended last, which a copy of Redis may not know of.
func (c *Crowd) tryAgain(ctx context.Context) {
	turn := time.NewTicker(100 * time.Millisecond)
	defer turn.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		}
		if ending, found := c.lately(i); found {
			a, err := call(ctx, c.client, http.MethodGet, c.url+"/api/auth/check", ending.token, nil)
			if err == nil && a.status < http.StatusBadRequest {
				c.note(func() { c.letIn = append(c.letIn, LetIn{time.Now(), ending.at}) })
			}
		}
	}
}

func (c *Crowd) lately(i int) (ending, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := min(len(c.ended), 40)
	if last == 0 {
		return ending{}, false
	}
	return c.ended[len(c.ended)-1-i%last], true
}

func (c *Crowd) note(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
