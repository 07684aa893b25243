package bootstrap

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// wanted makes the stream as the service makes it, and returns its settings.
func wanted(t *testing.T, url string) (jetstream.JetStream, jetstream.StreamConfig) {
	t.Helper()
	bus, err := natsbus.Connect(domain.NewSecret(url), natsbus.Options{Log: quiet})
	if err == nil {
		err = bus.EnsureStream(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	bus.Close()
	js := natstest.JetStream(t, url)
	stream, err := js.Stream(t.Context(), natsbus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	return js, stream.CachedInfo().Config
}

func TestStreamNarrowerThanConfiguredIsFound(t *testing.T) {
	t.Parallel()
	for setting, fault := range map[string]struct {
		verdict verdict
		narrow  func(c *jetstream.StreamConfig)
	}{
		"subjects":         {verdictWarn, func(c *jetstream.StreamConfig) { c.Subjects = []string{"other.>"} }},
		"max_age":          {verdictWarn, func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }},
		"duplicate window": {verdictWarn, func(c *jetstream.StreamConfig) { c.Duplicates = time.Minute }},
		"discard":          {verdictWarn, func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld }},
		"retention":        {verdictFail, func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy }},
		"storage":          {verdictFail, func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage }},
		"sealed":           {verdictFail, func(c *jetstream.StreamConfig) { c.Sealed = true }},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			url := natstest.URL(t)
			w := admit(t, map[string]string{"events.url": url})
			wants(t, "no stream", w.checkNATS(t.Context()), verdictWarn, "has no stream")
			js, config := wanted(t, url)
			wants(t, "the service's own", w.checkNATS(t.Context()), verdictOK, "NATS ")
			if err := js.DeleteStream(t.Context(), natsbus.StreamName); err != nil {
				t.Fatal(err)
			}
			sealed := config
			fault.narrow(&config)
			wantsSeal := config.Sealed
			config.Sealed = false
			_, err := js.CreateStream(t.Context(), config)
			if err == nil && wantsSeal { // none is made sealed
				sealed.Sealed = true
				_, err = js.UpdateStream(t.Context(), sealed)
			}
			if err != nil {
				t.Fatal(err)
			}
			wants(t, "narrowed", w.checkNATS(t.Context()), fault.verdict, setting)
		})
	}
}

func TestStreamWithFewerCopiesThanConfiguredIsFound(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	wanted(t, url)
	one, three := admit(t, map[string]string{"events.url": url}), admit(t, map[string]string{"events.url": url, "events.replicas": "3"})
	wants(t, "one wanted", one.checkNATS(t.Context()), verdictOK, "NATS ")
	wants(t, "three wanted", three.checkNATS(t.Context()), verdictWarn, "narrower than configured: replicas")
}

func TestStreamThatIsAlmostFullIsFound(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	w := admit(t, map[string]string{"events.url": url})
	js, config := wanted(t, url)
	config.MaxBytes = 1 << 20
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	wants(t, "empty", w.checkNATS(t.Context()), verdictOK, "NATS ")
	subject := config.Subjects[0]
	for range 9 {
		if _, err := js.Publish(t.Context(), concrete(subject), make([]byte, 100<<10)); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, "full", w.checkNATS(t.Context()), verdictWarn, "% full")
}

// concrete is a subject that a pattern takes in.
func concrete(pattern string) string {
	subject := []byte(pattern)
	for i, letter := range subject {
		if letter == '*' || letter == '>' {
			subject[i] = 'x'
		}
	}
	return string(subject)
}

func TestRoomOfTheStreamIsComparedWithWhatIsWanted(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	js, config := wanted(t, url)
	config.MaxBytes = 1 << 20
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	w := admit(t, map[string]string{"events.url": url})
	for room, verdict := range map[int64]verdict{1 << 20: verdictOK, 1 << 30: verdictWarn} {
		bus, err := natsbus.Connect(domain.NewSecret(url), natsbus.Options{Stream: natsbus.StreamOptions{MaxBytes: room}, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		asked := w.now()
		inspection, err := bus.Inspect(t.Context())
		bus.Close()
		if err != nil {
			t.Fatal(err)
		}
		word := map[bool]string{true: "max_bytes", false: "NATS"}[verdict == verdictWarn]
		wants(t, word, w.judgeStream("NATS", asked, inspection), verdict, word)
	}
}

func TestEmbeddedStoreIsLookedAtOnceNoServiceHasIt(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	wants(t, "before the first start", w.checkEmbeddedNATS(t.Context()), verdictOK, "not there yet")
	end := w.serve(t)
	wants(t, "beside the service", w.checkEmbeddedNATS(t.Context()), verdictOK, "in use by the service that runs")
	end()
	wants(t, "afterwards", w.checkEmbeddedNATS(t.Context()), verdictOK, "embedded NATS 2")

	store := filepath.Join(w.cfg.DataDir, natsFolder)
	narrowStore(t, store)
	wants(t, "narrowed", w.checkEmbeddedNATS(t.Context()), verdictWarn, "narrower than configured: max_age")
	damageStore(t, store)
	wants(t, "damaged", w.checkEmbeddedNATS(t.Context()), verdictFail, "cannot be read")
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "no store at all", w.checkEmbeddedNATS(t.Context()), verdictFail, "cannot be opened")
}

// damageStore overwrites what an embedded store says of the stream.
func damageStore(t *testing.T, store string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(store, "jetstream", "*", "streams", natsbus.StreamName, "meta.inf"))
	if err != nil || len(found) != 1 {
		t.Fatalf("descriptions of the stream: got %q, %v, want one", found, err)
	}
	if err := os.WriteFile(found[0], []byte("{nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// narrowStore makes the stream of an embedded store anew, and keeps its events for an hour.
func narrowStore(t *testing.T, store string) {
	t.Helper()
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	server, err := natsbus.StartEmbedded(store, natsbus.EmbeddedOptions{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	bus, err := server.Connect(natsbus.Options{Stream: natsbus.StreamOptions{MaxAge: time.Hour}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if err := bus.EnsureStream(t.Context()); err != nil {
		t.Fatal(err)
	}
}
