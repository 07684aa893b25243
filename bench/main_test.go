package main

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/menjin-id/menjin/bench/child"
)

func TestPlanRefusesWhatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-only", "lunch"}, {"-rounds", "0"}, {"-duration", "1ms"}, {"-conns", "0"}, {"-rows", "0"}, {"more"},
	} {
		if _, err := readPlan(args); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	p, err := readPlan([]string{"-short", "-only", "check"})
	if err != nil || p.rounds != 1 || p.duration != time.Second || !p.wants("check") || p.wants("info") {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestEveryLoginRequestHasItsOwnCodeAndTheRightLength(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(int) func() []byte{
		"known": new(requests).login(), "new": new(requests).firstLogin(),
	} {
		next := source(0)
		first := bytes.Clone(next())
		second := next()
		if bytes.Equal(first, second) {
			t.Errorf("%s: two requests have one code", name)
		}
		head, body, _ := bytes.Cut(second, []byte("\r\n\r\n"))
		if want := []byte("Content-Length: " + strconv.Itoa(len(body))); !bytes.HasSuffix(head, want) {
			t.Errorf("%s: got %q for a body of %d bytes", name, head, len(body))
		}
	}
}

func TestCodesHaveOneLength(t *testing.T) {
	t.Parallel()
	if got, want := len(child.KnownCode(nil, 999, 1<<30)), len(child.KnownCode(nil, 0, 0)); got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
}
