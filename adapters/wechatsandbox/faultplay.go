package wechatsandbox

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"net/http"
	"time"
)

const badGatewayPage = `<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>nginx</center>
</body>
</html>
`

// interrupt plays the faults that take the answer's place and reports whether it did.
func (s *Server) interrupt(w http.ResponseWriter, c *call) (done bool) {
	switch f := c.fault; f.Kind {
	case FaultDelay:
		wait(c.Context(), f.Delay)
		return false
	case FaultHang:
		<-c.Context().Done()
		panic(http.ErrAbortHandler)
	case FaultReset:
		reset(w)
	case FaultStatus:
		c.entry.Status = f.Status
		http.Error(w, http.StatusText(f.Status), f.Status)
	case FaultBadGateway:
		c.entry.Status = http.StatusBadGateway
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte(badGatewayPage))
	case FaultErrcode:
		a := s.failWith(f.Errcode, cmp.Or(f.Errmsg, errText(f.Errcode)))
		c.entry.Status, c.entry.Errcode = http.StatusOK, a.errcode
		send(w, a.body)
	default:
		return false
	}
	return true
}

// bend sends body as the fault deforms it, and whole without one.
func (c *call) bend(w http.ResponseWriter, body []byte) {
	switch f := c.fault; f.Kind {
	case FaultBrokenJSON:
		send(w, body[:len(body)/2])
	case FaultTruncatedBody:
		setHeader(w, len(body))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case FaultBOM:
		send(w, append([]byte("\ufeff"), body...))
	case FaultHugeBody:
		sendHuge(w, body, f.Size)
	case FaultSlowBody:
		c.drip(w, body, f.Delay)
	default:
		send(w, body)
	}
}

// sendHuge puts a field of size bytes in front of those in body, which stays valid JSON.
func sendHuge(w http.ResponseWriter, body []byte, size int) {
	before, after := []byte(`{"padding":"`), append([]byte(`",`), body[1:]...)
	setHeader(w, len(before)+size+len(after))
	_, err := w.Write(before)
	block := bytes.Repeat([]byte("x"), 32<<10)
	for left := size; left > 0 && err == nil; left -= len(block) {
		_, err = w.Write(block[:min(left, len(block))])
	}
	_, _ = w.Write(after)
}

// drip spreads the body over about the delay given, a byte at a time.
func (c *call) drip(w http.ResponseWriter, body []byte, delay time.Duration) {
	setHeader(w, len(body))
	flusher := http.NewResponseController(w)
	for i := range body {
		_, _ = w.Write(body[i : i+1])
		_ = flusher.Flush()
		wait(c.Context(), delay/time.Duration(len(body)))
	}
}

// wait aborts the handler when the client goes away or the server stops first.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// reset closes the connection without the goodbye that a plain close sends, so that the client sees a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no connection to take over: ending it is all that is left
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
