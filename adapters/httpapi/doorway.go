package httpapi

import (
	"container/list"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// doorway keeps the number of connections below a bound, so that those who connect and say nothing take neither the memory nor
// the file descriptors that the rest of the process needs. At the bound nobody is sent away at the door, for that would lock out
// the honest as well: who has waited longest gives way, and where all who wait have just come, who has been served for longest.
type doorway struct {
	most int
	log  *slog.Logger

	mu              sync.Mutex
	waiting, served list.List // of visit, the longest there in front
	places          map[net.Conn]*list.Element
	said            time.Time
}

type visit struct {
	conn  net.Conn
	since time.Time // as it is now: waiting, or served
}

// justCome is the time in which an honest client has sent its request.
const justCome = time.Second

func newDoorway(most int, log *slog.Logger) *doorway {
	return &doorway{most: most, log: log, places: make(map[net.Conn]*list.Element)}
}

// note is http.Server's ConnState. A connection waits until the head of its first request is read, and between requests.
func (d *doorway) note(conn net.Conn, state http.ConnState) {
	if leaving := d.place(conn, state); leaving != nil {
		hangUp(leaving)
	}
}

// hangUp says no farewell over TLS, which may take as long as the client likes.
func hangUp(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close()
}

// place returns who has to give way, or nil.
func (d *doorway) place(conn net.Conn, state http.ConnState) net.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.places[conn] == nil && state != http.StateNew {
		return nil // it gave way, and has yet to find out
	}
	d.remove(conn)
	now := time.Now()
	switch state {
	case http.StateNew, http.StateIdle:
		d.places[conn] = d.waiting.PushBack(visit{conn, now})
	case http.StateActive:
		d.places[conn] = d.served.PushBack(visit{conn, now})
	case http.StateClosed, http.StateHijacked:
	}
	if len(d.places) <= d.most {
		return nil
	}
	if now.Sub(d.said) > time.Minute {
		d.said = now
		d.log.Warn("too many connections: those that wait longest are closed", "most", d.most)
	}
	leaving := d.longest(now)
	d.remove(leaving)
	return leaving
}

// longest is called when somebody has come, so that somebody waits.
func (d *doorway) longest(now time.Time) net.Conn {
	waiting := d.waiting.Front().Value.(visit)
	if front := d.served.Front(); front != nil && now.Sub(waiting.since) < justCome {
		if served := front.Value.(visit); now.Sub(served.since) >= justCome {
			return served.conn
		}
	}
	if d.waiting.Len() == 1 && d.served.Len() > 0 { // the newcomer alone
		return d.served.Front().Value.(visit).conn
	}
	return waiting.conn
}

// part closes the connections that have waited since an instant, and returns how many there are yet.
func (d *doorway) part(since time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for front := d.waiting.Front(); front != nil; front = d.waiting.Front() {
		visit := front.Value.(visit)
		if visit.since.After(since) {
			break
		}
		d.remove(visit.conn)
		hangUp(visit.conn)
	}
	return len(d.places)
}

func (d *doorway) remove(conn net.Conn) {
	if element := d.places[conn]; element != nil {
		d.waiting.Remove(element) // changes nothing where it is not
		d.served.Remove(element)
		delete(d.places, conn)
	}
}
