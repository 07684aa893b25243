package passwords

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func phc(text string) domain.PasswordHash { return domain.PasswordHash{Secret: secret(text)} }

// They are those that the reference implementation of argon2 is tested with.
var vectors = []struct{ password, hash string }{
	{"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
	{"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
	{"password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
	{"differentpassword", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"},
	{"password", "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw"},
}

func TestHashesOfTheReferenceImplementationAreRecognised(t *testing.T) {
	t.Parallel()
	h := newHasher(light, 1, 0)
	for _, vector := range vectors {
		match, _, err := h.Verify(t.Context(), secret(vector.password), phc(vector.hash))
		if !match || err != nil {
			t.Errorf("%s: got %v, %v, want a match", vector.hash, match, err)
		}
	}
}

const salt, tag = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestHashOutOfBoundsIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	h := newHasher(light, 1, 0)
	with := func(costs string) string { return "$argon2id$v=19$" + costs + "$" + salt + "$" + tag }
	good := with("m=64,t=1,p=1")
	if _, err := parsePHC(phc(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"text": "hunter2", "dollars": "$$$$$", "argon2i": strings.Replace(good, "2id", "2i", 1),
		"bcrypt": "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "version": strings.Replace(good, "19", "16", 1),
		"no version": strings.Replace(good, "$v=19", "", 1), "more": good + "$", "before": "x" + good,
		"a gigabyte": with("m=1048576,t=1,p=1"), "just over": with("m=262145,t=1,p=1"), "no memory": with("m=0,t=1,p=1"),
		"too little memory": with("m=31,t=1,p=4"), "many passes": with("m=64,t=11,p=1"), "no pass": with("m=64,t=0,p=1"),
		"many threads": with("m=64,t=1,p=5"), "no thread": with("m=64,t=1,p=0"), "wraps": with("m=4294967360,t=1,p=1"),
		"threads wrap": with("m=64,t=1,p=257"), "sign": with("m=+64,t=1,p=1"), "negative": with("m=-64,t=1,p=1"),
		"leading zero": with("m=064,t=1,p=1"), "hex": with("m=0x40,t=1,p=1"), "order": with("t=1,m=64,p=1"), "nothing said": with("m=,t=,p="),
		"twice": with("m=64,m=64,p=1"), "two": with("m=64,t=1"), "four": with("m=64,t=1,p=1,keyid=AA"), "space": with("m=64, t=1,p=1"),
		"no salt": "$argon2id$v=19$m=64,t=1,p=1$$" + tag, "short salt": "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" + tag,
		"long salt": "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 88) + "$" + tag, "short tag": good[:len(good)-23],
		"no tag": good[:len(good)-43], "long tag": good + strings.Repeat("A", 45), "padding": good + "=", "url alphabet": good[:len(good)-1] + "_",
		"loose bits": good[:len(good)-1] + "d", "line break": good[:len(good)-3] + "\n" + good[len(good)-3:], "huge": good + strings.Repeat("A", 1<<20),
	} {
		match, stale, err := h.Verify(t.Context(), secret("password"), phc(text))
		var public *domain.Error
		if match || stale || err == nil || errors.As(err, &public) {
			t.Errorf("%s: got %v, %v, %v, want an internal error", name, match, stale, err)
		} else if strings.Contains(err.Error(), text) || strings.Contains(err.Error(), tag[:20]) {
			t.Errorf("%s: %v quotes the hash", name, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	for _, vector := range vectors {
		f.Add(vector.hash)
	}
	f.Add("")
	f.Add("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + tag + "\n")
	f.Add("$argon2id$v=19$m=99999999999999999999,t=1,p=1$" + salt + "$" + tag)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parsePHC(phc(text))
		if err != nil {
			return
		}
		if got.memory > maxMemory || got.time > maxTime || got.threads > maxThreads || got.memory < 8*uint32(got.threads) {
			t.Errorf("%q: accepted %+v", text, got.parameters)
		}
		if again := got.phc().Reveal(); again != text {
			t.Errorf("%q is also spelled %q", text, again)
		}
	})
}

func TestHashDoesNotPrint(t *testing.T) {
	t.Parallel()
	hash := hashOf(t, newHasher(light, 1, 0), "correct horse")
	if printed := fmt.Sprintf("%v %+v %#v", hash, hash, hash); strings.Contains(printed, "argon2id") {
		t.Errorf("printed as %s", printed)
	}
}
