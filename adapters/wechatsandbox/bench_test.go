package wechatsandbox_test

import (
	"net/http"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// nothing is a ResponseWriter that costs nothing.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header         { return n.header }
func (n nothing) Write(p []byte) (int, error) { return len(p), nil }
func (n nothing) WriteHeader(int)             {}

// BenchmarkLogin is what the look-alike costs a benchmark of somebody else: one code minted and traded.
func BenchmarkLogin(b *testing.B) {
	server := wechatsandbox.New(wechatsandbox.Options{MinuteLimit: -1})
	w := nothing{http.Header{}}
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/sns/jscode2session", nil)
	if err != nil {
		b.Fatalf("make request: %v", err)
	}
	b.ReportAllocs()
	for b.Loop() {
		code, err := server.MintCode("", "alice")
		if err != nil {
			b.Fatalf("mint: %v", err)
		}
		request.URL.RawQuery = query(code).Encode()
		server.ServeHTTP(w, request)
	}
	if got := server.Counters(); got.Errcodes[0] != got.Received {
		b.Errorf("answers by errcode: got %v, want successes only", got.Errcodes)
	}
}
