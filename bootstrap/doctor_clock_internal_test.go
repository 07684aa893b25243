package bootstrap

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

func TestClockThatDiffersFromAServersIsFound(t *testing.T) {
	t.Parallel()
	for server, open := range map[string]func(t *testing.T) (*ward, func(ctx context.Context) finding){
		"PostgreSQL": func(t *testing.T) (*ward, func(ctx context.Context) finding) {
			w := admit(t, map[string]string{"database.url": pgtest.New(t, nil)})
			return w, func(ctx context.Context) finding { return found(t, w.checkDatabase(ctx), "database") }
		},
		"Redis": func(t *testing.T) (*ward, func(ctx context.Context) finding) {
			url := redistest.NewServer(t).URL()
			configure(t, url, "appendonly", "yes")
			w := admit(t, map[string]string{"sessions.url": url})
			return w, w.checkRedis
		},
		"NATS": func(t *testing.T) (*ward, func(ctx context.Context) finding) {
			url := natstest.URL(t)
			bus, err := natsbus.Connect(domain.NewSecret(url), natsbus.Options{Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer bus.Close()
			if err := bus.EnsureStream(t.Context()); err != nil {
				t.Fatal(err)
			}
			w := admit(t, map[string]string{"events.url": url})
			return w, w.checkNATS
		},
		"WeChat": func(t *testing.T) (*ward, func(ctx context.Context) finding) {
			w := admit(t, map[string]string{"wechat.base_url": front(t, func() string { return time.Now().UTC().Format(http.TimeFormat) })})
			return w, w.checkOwnClock
		},
	} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			w, look := open(t)
			for ahead, verdict := range map[time.Duration]verdict{
				0: verdictOK, 15 * time.Second: verdictWarn, -15 * time.Second: verdictWarn, time.Hour: verdictFail, -time.Hour: verdictFail,
			} {
				w.ahead = ahead
				word := "clock differs by"
				if verdict == verdictOK {
					word = ""
				}
				wants(t, "ahead by "+ahead.String(), look(t.Context()), verdict, word)
			}
		})
	}
}

func TestSlowAnswerIsNoSkew(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	asked := w.now()
	w.ahead = 10 * time.Second // pass until the answer is there
	wants(t, "clock read at once", w.checkClock("server", asked, asked), verdictOK, "server")
	wants(t, "clock read at last", w.checkClock("server", asked, w.now()), verdictOK, "server")
}

func TestClockIsNotComparedWithWhatTellsNoTime(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for what, url := range map[string]string{
		"nobody there": gone.URL, "nonsense": front(t, func() string { return "noon" }), "nothing": front(t, func() string { return "" }),
	} {
		w := admit(t, map[string]string{"wechat.base_url": url})
		wants(t, what, w.checkOwnClock(t.Context()), verdictOK, "not compared")
	}
}

// front is WeChat's front door as far as its Date goes.
func front(t *testing.T, date func() string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead || r.URL.RawQuery != "" {
			t.Errorf("got %s %s, want no more than asked for", r.Method, r.URL)
		}
		w.Header()["Date"] = nil
		if said := date(); said != "" {
			w.Header().Set("Date", said)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// configure changes a setting of a Redis of the test's own.
func configure(t *testing.T, url, name, value string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.ConfigSet(t.Context(), name, value).Err(); err != nil {
		t.Fatal(err)
	}
}
