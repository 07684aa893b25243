package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

// echoPush answers what it was sent, the way a handler of WeChat's messages does.
func echoPush(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("nonce") == "panic" {
		panic("out of order")
	}
	if _, bounded := r.Context().Deadline(); !bounded {
		http.Error(w, "no deadline", http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+httpapi.RequestID(r.Context())+" "+string(body))
}

func withPush(o *httpapi.Options) { o.Push = http.HandlerFunc(echoPush) }

func TestPushReachesItsHandlerOutsideTheEnvelope(t *testing.T) {
	t.Parallel()
	s := setup(t, withPush)
	id := header{"X-Request-ID": "trace-1"}
	for method, want := range map[string]string{
		"GET":  "GET /wechat/push/wx1 trace-1 ",
		"POST": "POST /wechat/push/wx1 trace-1 <xml/>",
	} {
		body := strings.TrimPrefix(want, method+" /wechat/push/wx1 trace-1 ")
		reply := s.do(t, method, "/wechat/push/wx1?echostr=e&openid=o-secret&signature=sig-secret", body, id, header{"Content-Type": "text/xml"})
		if reply.status != 200 || string(reply.body) != want {
			t.Errorf("%s: got %d %q, want %q", method, reply.status, reply.body, want)
		}
	}
	for _, line := range s.log.lines(t, "request", 2) {
		if line["route"] != "/wechat/push/{app_id}" || line["request_id"] != "trace-1" {
			t.Errorf("access line %v", line)
		}
	}
	if strings.Contains(s.log.String(), "secret") {
		t.Error("the query is in the log")
	}
}

func TestPushIsBoundedAndMayBreak(t *testing.T) {
	t.Parallel()
	s := setup(t, withPush)
	large := s.do(t, "POST", "/wechat/push/wx1", strings.Repeat("a", 64<<10+1), header{"Content-Type": "text/xml"})
	if large.status != 413 {
		t.Errorf("too large: got %d", large.status)
	}
	if whole := s.do(t, "POST", "/wechat/push/wx1", strings.Repeat("a", 64<<10)); whole.status != 200 {
		t.Errorf("just large enough: got %d", whole.status)
	}
	s.do(t, "GET", "/wechat/push/wx1?nonce=panic", "").want(t, 500, "INTERNAL")
	s.do(t, "PUT", "/wechat/push/wx1", "").want(t, 405, "METHOD_NOT_ALLOWED")
	s.do(t, "GET", "/wechat/push/", "").want(t, 404, "NOT_FOUND")
	s.do(t, "GET", "/wechat/push/wx1/wx2", "").want(t, 404, "NOT_FOUND")
	s.do(t, "POST", "/wechat/push/wx1%2fwx2", "{}").want(t, 404, "NOT_FOUND")
	if reply := s.do(t, "HEAD", "/wechat/push/wx1", ""); reply.status != 405 {
		t.Errorf("HEAD: got %d, want 405", reply.status)
	}
}

func TestPushWithoutAHandlerIsNotFound(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, method := range []string{"GET", "POST"} {
		s.do(t, method, "/wechat/push/wx1", "").want(t, 404, "NOT_FOUND")
	}
}
