package main

import (
	"bytes"
	"testing"
)

// most is what the program may weigh, in bytes: 44.1 million for amd64 when this was written, 41.4 for arm64, and some room.
const most = 46_000_000

// unasked is a method that nobody calls. It gets into a program only with all other exported methods, which the linker keeps as
// soon as anything reachable calls methods by names that it cannot know.
const unasked = "reflect.(*Value).MethodByName"

// wantSmall says what made the program large, as far as it is seen from outside.
func wantSmall(t *testing.T, p program) {
	t.Helper()
	content := read(t, p.path)
	if bytes.Contains(content, []byte(unasked)) {
		t.Errorf("the linker keeps every exported method, as something calls methods by name: see docs/decisions/0017-no-templates.md, " +
			"\"Finding what is large\"")
	}
	if len(content) > most {
		t.Errorf("size of the program: got %d bytes, want at most %d: see docs/decisions/0017-no-templates.md, \"Finding what is large\"",
			len(content), most)
	}
}
