package bootstrap

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// sheet is what a log is written to. It notes how often.
type sheet struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (s *sheet) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(text)
}

func (s *sheet) lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Count(s.text.Bytes(), []byte("\n"))
}

func openLog(out io.Writer, format string) (*slog.Logger, func()) {
	return newServiceLogger(out, config.Log{Format: format, Level: slog.LevelInfo})
}

func TestLinesOfTheLogWaitATenthOfASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out sheet
		log, closeLog := openLog(&out, "json")
		defer closeLog()
		for want := 2; want <= 4; want += 2 {
			log.Info("one")
			time.Sleep(logDelay / 2)
			log.Info("two")
			if got := out.lines(); got != want-2 {
				t.Errorf("before: got %d lines, want %d", got, want-2)
			}
			time.Sleep(logDelay / 2)
			synctest.Wait()
			if got := out.lines(); got != want || out.writes != want/2 {
				t.Errorf("after: got %d lines in %d writes, want %d in %d", got, out.writes, want, want/2)
			}
		}
	})
}

func TestWarningsDoNotWait(t *testing.T) {
	t.Parallel()
	var out sheet
	log, closeLog := openLog(&out, "json")
	defer closeLog()
	log.Info("what led to it")
	log.WithGroup("part").With("key", "value").Warn("warning")
	if got := out.lines(); got != 2 {
		t.Errorf("got %d lines, want the warning and the one before", got)
	}
}

func TestLogForPeopleDoesNotWait(t *testing.T) {
	t.Parallel()
	var out sheet
	log, closeLog := openLog(&out, "text")
	defer closeLog()
	log.Info("one")
	if got := out.lines(); got != 1 {
		t.Errorf("got %d lines, want 1", got)
	}
}

func TestNoLineIsLostWhenTheLogIsClosed(t *testing.T) {
	t.Parallel()
	var out sheet
	log, closeLog := openLog(&out, "json")
	var writers sync.WaitGroup
	for writer := range 8 {
		writers.Go(func() {
			for line := range 500 {
				log.Info("line", "of", fmt.Sprint(writer, " ", line), "as", strings.Repeat("x", 100))
			}
		})
	}
	writers.Wait()
	closeLog()
	closeLog()
	log.Info("afterwards")
	if got := out.lines(); got != 8*500+1 {
		t.Errorf("got %d lines, want %d", got, 8*500+1)
	}
	if least := out.text.Len() / logRoom; out.writes < least {
		t.Errorf("got %d writes, want %d or more: the lines that wait are bounded", out.writes, least)
	}
	for line := range strings.Lines(out.text.String()) {
		if !strings.HasPrefix(line, `{"time":`) || !strings.HasSuffix(line, "}\n") {
			t.Errorf("a broken line: %s", line)
		}
	}
}

func TestLineLongerThanTheRoomIsWrittenInItsOrder(t *testing.T) {
	t.Parallel()
	var out sheet
	log, closeLog := openLog(&out, "json")
	defer closeLog()
	log.Info("first")
	log.Info("second", "long", strings.Repeat("x", logRoom))
	if first, second := strings.Index(out.text.String(), "first"), strings.Index(out.text.String(), "second"); first < 0 || second < first {
		t.Errorf("got the first line at %d, the second at %d", first, second)
	}
}
