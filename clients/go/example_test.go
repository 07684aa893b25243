package menjin_test

import (
	"errors"
	"fmt"
	"testing"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// Events can be read from messages that came by any way.
func ExampleDecode() {
	headers := map[string][]string{
		"ce-id": {"0193b1d0-7c5e-7000-8000-000000000001"}, "ce-type": {menjin.TypeRegistered},
		"ce-subject": {"0193b1d0-7c5e-7000-8000-0000000000aa"}, "ce-sequence": {"1"}, "ce-time": {"2026-11-22T08:30:01.123456Z"},
	}
	data := []byte(`{"user_id": "0193b1d0-7c5e-7000-8000-0000000000aa", "method": "wechat", "app_id": "wx1", "later": "member"}`)

	raw, err := menjin.Read(headers, data)
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := menjin.Decode[menjin.Registered](raw)
	fmt.Println(event.Type, event.Sequence, event.Data.Method, *event.Data.AppID, err)
	// Output: menjin.user.registered.v1 1 wechat wx1 <nil>
}

func FuzzRead(f *testing.F) {
	f.Add("e1", menjin.TypeLocked, "u1", "1", "2026-11-22T08:30:01Z", []byte(`{"user_id":"u1"}`))
	f.Add("", "", "", "-1", "", []byte(`[`))
	f.Fuzz(func(t *testing.T, id, kind, user, sequence, at string, data []byte) {
		raw, err := menjin.Read(map[string][]string{
			"ce-id": {id}, "ce-type": {kind}, "ce-subject": {user}, "ce-sequence": {sequence}, "ce-time": {at},
		}, data)
		if err != nil {
			if !errors.Is(err, menjin.ErrMalformed) {
				t.Errorf("got %v, want %v", err, menjin.ErrMalformed)
			}
			return
		}
		if raw.ID == "" || raw.Sequence < 1 || raw.Time.IsZero() && at == "" {
			t.Errorf("read %+v", raw)
		}
		if _, err := menjin.Decode[menjin.SessionEnded](raw); err != nil && !errors.Is(err, menjin.ErrMalformed) {
			t.Errorf("got %v, want %v", err, menjin.ErrMalformed)
		}
	})
}
