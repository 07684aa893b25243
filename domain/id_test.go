package domain_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

const sampleID = "0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f"

func TestParseID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		sampleID:                               sampleID,
		strings.ToUpper(sampleID):              sampleID,
		"00000000-0000-0000-0000-000000000000": "00000000-0000-0000-0000-000000000000",
		"":                                     "",
		sampleID[:35]:                          "",
		sampleID + "0":                         "",
		strings.ReplaceAll(sampleID, "-", ""):  "",
		"{" + sampleID[:34] + "}":              "",
		strings.ReplaceAll(sampleID, "-", "0"): "",
		strings.ReplaceAll(sampleID, "f", "g"): "",
		strings.Replace(sampleID, "0", "-", 1): "",
		"0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e门":  "",
	} {
		id, err := domain.ParseID(text)
		if want == "" {
			if err == nil || !id.IsZero() {
				t.Errorf("ParseID(%q): got %v, error %v, want an error", text, id, err)
			}
		} else if err != nil || id.String() != want {
			t.Errorf("ParseID(%q): got %v, error %v, want %s", text, id, err, want)
		}
	}
}

func TestParseIDOfEachKind(t *testing.T) {
	t.Parallel()
	user, userErr := domain.ParseUserID(sampleID)
	session, sessionErr := domain.ParseSessionID(sampleID)
	event, eventErr := domain.ParseEventID(sampleID)
	for kind, got := range map[string]struct {
		text string
		err  error
	}{
		"user": {user.String(), userErr}, "session": {session.String(), sessionErr}, "event": {event.String(), eventErr},
	} {
		if got.err != nil || got.text != sampleID {
			t.Errorf("%s id: got %s, error %v, want %s", kind, got.text, got.err, sampleID)
		}
	}
	_, userErr = domain.ParseUserID("x")
	_, sessionErr = domain.ParseSessionID("x")
	_, eventErr = domain.ParseEventID("x")
	for kind, err := range map[string]error{"user": userErr, "session": sessionErr, "event": eventErr} {
		if err == nil {
			t.Errorf("malformed %s id: got no error, want one", kind)
		}
	}
}

func TestIDIsZeroUntilSet(t *testing.T) {
	t.Parallel()
	if !(domain.UserID{}).IsZero() || (domain.UserID{ID: domain.ID{15: 1}}).IsZero() {
		t.Error("IsZero does not tell whether the id was set")
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{sampleID, strings.ToUpper(sampleID), "", sampleID[:35], sampleID[:35] + "\xff", strings.Repeat("-", 36)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := domain.ParseID(text)
		if err != nil {
			if !id.IsZero() {
				t.Errorf("ParseID(%q): got %v beside the error, want zero", text, id)
			}
			return
		}
		if got, want := id.String(), strings.ToLower(text); got != want {
			t.Errorf("ParseID(%q): got %s, want %s", text, got, want)
		}
	})
}
