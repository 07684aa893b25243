package natsbus_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

// pushedAbout is what WeChat pushed about a user, or, for the zero one, about nobody known.
func pushedAbout(tb testing.TB, user domain.UserID, content string) ports.OutboxEvent {
	tb.Helper()
	return outboxEvent(tb, domain.PushedByWeChat(
		domain.WeChatPushed{AppID: "wx0123456789abcdef", Name: "debug_demo", UserID: user, Content: content}, nextStamp()))
}

func TestWhatWasPushedAboutADeletedUserIsOverwritten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	server, err := natsbus.StartEmbedded(folder, natsbus.EmbeddedOptions{Addr: "127.0.0.1:0", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	bus := within(t, server, natsbus.Options{})
	gone, stays := domain.UserID{ID: newID()}, domain.UserID{ID: newID()}
	publish(t, bus, pushedAbout(t, gone, `{"said":"planted-of-the-one"}`), pushedAbout(t, stays, `{"said":"planted-of-the-other"}`))
	publish(t, bus, pushedAbout(t, domain.UserID{}, `{"said":"planted-of-nobody"}`))
	if err := bus.Purge(limited(t), gone); err != nil {
		t.Fatal(err)
	}
	bus.Close()
	server.Close()
	for text, want := range map[string]bool{"planted-of-the-one": false, "planted-of-the-other": true, "planted-of-nobody": true} {
		if got := onDisk(t, folder, text); got != want {
			t.Errorf("%q in the files of the stream: got %t, want %t", text, got, want)
		}
	}
}

// onDisk reports whether a text is in a file of a folder.
func onDisk(t *testing.T, folder, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found = found || bytes.Contains(content, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPurgeThatIsCutOffComesToItsEnd(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	whole := within(t, server, natsbus.Options{})
	hasty := within(t, server, natsbus.Options{AckTimeout: 500 * time.Millisecond})
	user := domain.UserID{ID: newID()}
	var stays []domain.EventID
	for range 2 {
		var events []ports.OutboxEvent
		for range 200 {
			other := pushedAbout(t, domain.UserID{ID: newID()}, `{}`)
			stays = append(stays, other.Message.ID)
			events = append(events, other, pushedAbout(t, user, `{}`))
		}
		publish(t, whole, events...)
	}
	deadline, cutOff := limited(t), 0
	for {
		err := hasty.Purge(deadline, user)
		if err == nil {
			break
		}
		if !errors.Is(err, domain.ErrUnavailable) || deadline.Err() != nil {
			t.Fatalf("purge, after %d that were cut off: %v", cutOff, err)
		}
		cutOff++
	}
	_, js := client(t, server.URL())
	if got := held(t, js); !slices.Equal(got, stays) {
		t.Errorf("messages after %d purges that were cut off: got %d, want %d of others", cutOff, len(got), len(stays))
	}
}

func TestPurgeOfAStreamThatLetsNobodyDeleteIsAnError(t *testing.T) {
	t.Parallel()
	url := natstest.URL(t)
	bus := connect(t, url, natsbus.Options{})
	_, js := client(t, url)
	create(t, js, jetstream.StreamConfig{Subjects: []string{"menjin.user.>", "menjin.wechat.>"}, DenyDelete: true})
	user := domain.UserID{ID: newID()}
	publish(t, bus, pushedAbout(t, user, `{}`))
	if err := bus.Purge(limited(t), user); err == nil || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got error %v, want one that says so", err)
	}
}
