package domain_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func phone(t *testing.T, text string) domain.Phone {
	t.Helper()
	number, err := domain.NewPhone(text)
	if err != nil {
		t.Fatalf("phone: %v", err)
	}
	return number
}

func TestPhoneIsBoundReplacedAndUnbound(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	first, second := phone(t, "+8613812341234"), phone(t, "+447700900123")
	wantNone(t, user, user.UnbindPhone(stampAt(2)), 1)
	wantOne(t, user, user.BindPhone(first, stampAt(2)), domain.PhoneBound{})
	wantNone(t, user, user.BindPhone(phone(t, "+8613812341234"), stampAt(3)), 2)
	wantOne(t, user, user.BindPhone(second, stampAt(3)), domain.PhoneBound{Replaced: true})
	if got := user.State().Phone; !got.Equal(second.Secret) {
		t.Errorf("phone: got %q, want %q", got.Reveal(), second.Reveal())
	}
	wantOne(t, user, user.UnbindPhone(stampAt(4)), domain.PhoneUnbound{})
	if got := user.State().Phone; !got.IsZero() {
		t.Errorf("phone: got %q, want none", got.Reveal())
	}
	wantOne(t, user, user.BindPhone(first, stampAt(5)), domain.PhoneBound{})
}

func TestDeletionIsRequestedAndCancelled(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	due := stampAt(9).At
	if user.DeletionDue(due.Add(time.Hour)) || user.CancelDeletion() {
		t.Error("a user who never asked is due, or had something to cancel")
	}
	asked := user.RequestDeletion(due, stampAt(2))
	wantOne(t, user, []domain.Event{asked}, domain.SessionEnded{Reason: domain.EndedByDeletion})
	if got := user.State().DeleteAt; !got.Equal(due) {
		t.Errorf("delete at: got %s, want %s", got, due)
	}
	for at, want := range map[time.Time]bool{due.Add(-time.Microsecond): false, due: true, due.Add(time.Microsecond): true} {
		if got := user.DeletionDue(at); got != want {
			t.Errorf("due %s after the end: got %t, want %t", at.Sub(due), got, want)
		}
	}
	if !user.CancelDeletion() || user.CancelDeletion() || user.DeletionDue(due) || user.State().Version != 2 {
		t.Errorf("cancelled: got %+v, want nothing to be due and no event", user.State())
	}
}

func TestDeletionIsBroughtForwardAndNotPutOff(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	for i, ask := range []struct{ due, want byte }{{9, 9}, {5, 5}, {7, 5}} {
		user.RequestDeletion(stampAt(ask.due).At, stampAt(2))
		if got, want := user.State().DeleteAt, stampAt(ask.want).At; !got.Equal(want) {
			t.Errorf("request %d: due %s, want %s", i, got, want)
		}
	}
}

func TestDeletionEndsSessionsAndIsTheLastEvent(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*domain.User){
		"active": func(*domain.User) {},
		"locked": func(u *domain.User) { u.Lock(stampAt(2)) },
	} {
		user, _ := register(t)
		prepare(user)
		version := user.State().Version
		want := []domain.Event{
			{ID: stampAt(3).ID, Type: domain.EventSessionEnded, UserID: user.ID(), Version: version + 1, At: stampAt(3).At, Facts: domain.SessionEnded{Reason: domain.EndedByDeletion}},
			{ID: stampAt(4).ID, Type: domain.EventDeleted, UserID: user.ID(), Version: version + 2, At: stampAt(4).At, Facts: domain.Deleted{}},
		}
		if got := user.Delete(stampAt(3), stampAt(4)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestDeletionTellsWhoWasMergedIntoTheUser(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	one, other := domain.UserID{ID: domain.ID{1}}, domain.UserID{ID: domain.ID{2}}
	got := user.Delete(stampAt(3), stampAt(4), one, other)[1].Facts
	want := domain.Deleted{Merged: "01000000-0000-0000-0000-000000000000,02000000-0000-0000-0000-000000000000"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhatWeChatPushedHasNoUser(t *testing.T) {
	t.Parallel()
	facts := domain.WeChatPushed{AppID: "wx1", Name: "wxa_media_check", UserID: domain.UserID{ID: domain.ID{1}}, Content: "{}"}
	want := domain.Event{ID: stampAt(1).ID, Type: domain.EventWeChatPushed, Version: 1, At: stampAt(1).At, Facts: facts}
	if got := domain.PushedByWeChat(facts, stampAt(1)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
