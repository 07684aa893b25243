package wechat

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// echoed is what a server has that sends requests back.
func echoed(r *http.Request) string { return r.URL.String() }

func TestBrokenAnswersFailDiscreetly(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"HTML":              respond("<html><body>502 Bad Gateway</body></html>"),
		"empty":             respond(""),
		"broken JSON":       respond(testSuccess[:40]),
		"two answers":       respond(testSuccess + testSuccess),
		"list":              respond("[" + testSuccess + "]"),
		"null":              respond("null"),
		"empty object":      respond("{}"),
		"deep JSON":         respond(`{"a":` + strings.Repeat("[", 60<<10)),
		"empty openid":      respond(`{"openid":"","session_key":"` + testSessionKey + `"}`),
		"no openid":         respond(`{"session_key":"` + testSessionKey + `"}`),
		"openid a number":   respond(`{"openid":12345678,"session_key":"` + testSessionKey + `"}`),
		"no session_key":    respond(`{"openid":"` + testOpenID + `"}`),
		"short session_key": respond(`{"openid":"` + testOpenID + `","session_key":"dG9vIHNob3J0"}`),
		"odd session_key":   respond(`{"openid":"` + testOpenID + `","session_key":"not base64, is it? no!!!"}`),
		"odd unionid":       respond(`{"openid":"` + testOpenID + `","session_key":"` + testSessionKey + `","unionid":"a b"}`),
		"errcode a word":    respond(`{"errcode":"no","openid":"` + testOpenID + `","session_key":"` + testSessionKey + `"}`),
		"errcode a half":    respond(`{"errcode":0.5,"openid":"` + testOpenID + `","session_key":"` + testSessionKey + `"}`),
		"errcode with openid": respond(`{"errcode":1,"openid":"` + testOpenID + `","session_key":"` + testSessionKey + `",` +
			`"errmsg":"rid: ` + testSecret + ` ` + testCode + `"}`),
		"echo in errmsg": func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, `{"errcode":99999,"errmsg":"rid: %s"}`, r.URL.Query().Get("js_code"))
		},
		"echo as page": func(w http.ResponseWriter, r *http.Request) { http.Error(w, echoed(r), http.StatusBadGateway) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusFound)
		},
		"error status with success": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			respond(testSuccess)(w, r)
		},
		"10 MiB": func(w http.ResponseWriter, _ *http.Request) { sendMuch(w) },
		"10 MiB announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(10<<20))
			sendMuch(w)
		},
		"gzip unasked": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			_, _ = io.WriteString(packed, testSuccess)
			_ = packed.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := setup(t, serve(t, handler), 0, neverOpens)
			client.checkFailure(t, client.exchange(t), domain.ErrWeChatFailed)
		})
	}
}

func sendMuch(w io.Writer) {
	for range 10 << 10 {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<10)); err != nil {
			return
		}
	}
}

func TestBrokenConnectionsFailDiscreetly(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(conn *net.TCPConn){
		"closed without answer": func(*net.TCPConn) {},
		"reset without answer":  func(conn *net.TCPConn) { _ = conn.SetLinger(0) },
		"reset within answer": func(conn *net.TCPConn) {
			write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"openid\":\""+testOpenID+"\"")
			_ = conn.SetLinger(0)
		},
		"cut answer": func(conn *net.TCPConn) { write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"+testSuccess) },
		"not HTTP":   func(conn *net.TCPConn) { write(conn, "GET /sns/jscode2session?secret="+testSecret+"\r\n\r\n") },
		"request echoed in header": func(conn *net.TCPConn) {
			write(conn, "HTTP/1.1 200 OK\r\nGET /?js_code="+testCode+"&secret="+testSecret+"\r\n\r\n")
		},
		"odd length": func(conn *net.TCPConn) { write(conn, "HTTP/1.1 200 OK\r\nContent-Length: "+testSecret+"\r\n\r\n") },
		"odd chunk": func(conn *net.TCPConn) {
			write(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+testSecret+"\r\n")
		},
		"endless header": func(conn *net.TCPConn) { write(conn, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)) },
		"other protocol": func(conn *net.TCPConn) {
			write(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
		},
		"endless interim": func(conn *net.TCPConn) { write(conn, strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := listen(t, func(conn *net.TCPConn, _ int) bool {
				answer(conn)
				return true
			})
			client := setup(t, server.url, 0, neverOpens)
			client.checkFailure(t, client.exchange(t), domain.ErrWeChatFailed)
			if got := server.count(testCode); got != 1 {
				t.Errorf("got the code sent %d times, want once", got)
			}
		})
	}
}

func TestSlowWeChatIsATimeout(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"hang": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drip": drip,
		"hang within the answer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, testSuccess[:20])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := setup(t, serve(t, handler), 200*time.Millisecond, neverOpens)
			start := time.Now()
			err := client.exchange(t)
			if took := time.Since(start); took > time.Minute/2 {
				t.Errorf("took %v, want about 200ms, or what a busy machine makes of it", took)
			}
			client.checkFailure(t, err, domain.ErrWeChatTimeout)
		})
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func TestRequestThatNeverLeftIsUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	nobody := listener.Addr().String()
	_ = listener.Close()
	stranger := httptest.NewUnstartedServer(respond(testSuccess))
	stranger.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	stranger.StartTLS()
	t.Cleanup(stranger.Close)

	for name, url := range map[string]string{
		"refused":                "http://" + nobody,
		"no such host":           "http://wechat.invalid",
		"untrusted certificate":  stranger.URL,
		"plain http behind port": "https://" + strings.TrimPrefix(serve(t, respond(testSuccess)), "http://"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := setup(t, url, 0, neverOpens)
			err := client.exchange(t)
			client.checkFailure(t, err, domain.ErrUnavailable)
			client.checkRetryAfter(t, err, time.Second)
		})
	}
}
