package httpapi_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const refusal = "it is larger than the stream takes"

// bury makes a dead letter of the first event of somebody, and returns its id.
func (s *service) bury(t *testing.T, who loginData) string {
	t.Helper()
	id, err := domain.ParseUserID(who.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.store.EventsOf(t.Context(), id)
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if err := s.store.Bury(t.Context(), events[0].ID, refusal, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	return events[0].ID.String()
}

type deadPage struct {
	Letters    []map[string]any
	NextCursor *string `json:"next_cursor"`
}

func (s *service) dead(t *testing.T, admin loginData, query string) (ids []string, page deadPage) {
	t.Helper()
	s.do(t, "GET", "/api/admin/outbox/dead"+query, "", as(admin.Token)).read(t, 200, &page)
	for _, letter := range page.Letters {
		ids = append(ids, letter["event_id"].(string))
	}
	return ids, page
}

func TestOutboxTellsWhatWaits(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li := s.staff(t, domain.RoleAdmin), s.signIn(t, "li")
	s.bury(t, li)
	state := s.do(t, "GET", "/api/admin/outbox", "", as(admin.Token)).object(t, 200)
	if state["dead"] != 1.0 || state["held"] != 1.0 || state["waiting"].(float64) < 1 || state["oldest_at"] == nil {
		t.Errorf("got %v, want a dead letter, somebody held, and somebody else's event waiting", state)
	}
	for path, paused := range map[string]bool{"pause": true, "resume": false} {
		s.do(t, "POST", "/api/admin/outbox/pause", `{}`, as(admin.Token)).want(t, 200, "")
		s.do(t, "POST", "/api/admin/outbox/"+path, `{"shard":0}`, as(admin.Token)).want(t, 200, "")
		shards := s.do(t, "GET", "/api/admin/outbox", "", as(admin.Token)).object(t, 200)["shards"].([]any)
		if got := shards[0].(map[string]any)["paused"]; got != paused {
			t.Errorf("after %s: paused = %v", path, got)
		}
	}
	s.do(t, "POST", "/api/admin/outbox/pause", `{"shard":9}`, as(admin.Token)).want(t, 404, "NOT_FOUND")
	s.do(t, "POST", "/api/admin/outbox/pause", `{"shard":-1}`, as(admin.Token)).wantDetail(t, detail{"shard", "min", "低于下限"})
	s.do(t, "POST", "/api/admin/outbox/pause", "", as(admin.Token)).want(t, 400, "MALFORMED_JSON")
}

func TestDeadLettersAreShownPageByPage(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li, wang := s.staff(t, domain.RoleAdmin), s.signIn(t, "li"), s.signIn(t, "wang")
	want := []string{s.bury(t, li), s.bury(t, wang)}
	got, page := s.dead(t, admin, "?limit=1")
	if !slices.Equal(got, want[:1]) || page.NextCursor == nil {
		t.Fatalf("first page: got %q and cursor %v, want %q", got, page.NextCursor, want[:1])
	}
	letter := page.Letters[0]
	for name, want := range map[string]any{
		"user_id": li.User.ID, "reason": refusal, "version": 1.0, "resolution": nil, "first_failed_at": "2026-11-22T08:00:00Z",
	} {
		if letter[name] != want {
			t.Errorf("%s: got %v, want %v", name, letter[name], want)
		}
	}
	if subject := letter["subject"].(string); !strings.HasSuffix(subject, li.User.ID) || len(letter["data"].(map[string]any)) == 0 {
		t.Errorf("got subject %q and data %v", subject, letter["data"])
	}
	if got, page = s.dead(t, admin, "?limit=1&cursor="+*page.NextCursor); !slices.Equal(got, want[1:]) || page.NextCursor != nil {
		t.Errorf("second page: got %q and cursor %v, want %q", got, page.NextCursor, want[1:])
	}
	if got, _ := s.dead(t, admin, "?user_id="+wang.User.ID); !slices.Equal(got, want[1:]) {
		t.Errorf("of one user: got %q, want %q", got, want[1:])
	}
	for query, want := range map[string]detail{
		"cursor=x":     {"cursor", "format", "不是有效的编号"},
		"cursor=-1":    {"cursor", "format", "不是有效的编号"},
		"limit=101":    {"limit", "max", "至多为 100"},
		"user_id=x":    {"user_id", "format", "不是有效的编号"},
		"resolved=yes": {"resolved", "type", "类型应为 boolean"},
	} {
		s.do(t, "GET", "/api/admin/outbox/dead?"+query, "", as(admin.Token)).wantDetail(t, want)
	}
}

func TestDeadLettersAreDecidedOnOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li, wang := s.staff(t, domain.RoleAdmin), s.signIn(t, "li"), s.signIn(t, "wang")
	first, second := s.bury(t, li), s.bury(t, wang)
	letter := func(id, verb, body string) answer {
		return s.do(t, "POST", "/api/admin/outbox/dead/"+id+"/"+verb, body, as(admin.Token))
	}
	letter("x", "retry", "").wantDetail(t, detail{"event_id", "format", "不是有效的编号"})
	letter(first, "discard", `{}`).wantDetail(t, detail{"reason", "required", "必填"})
	letter(first, "discard", `{"reason":" "}`).wantDetail(t, detail{"reason", "required", "须说明原因,至多 200 个字符"})
	letter(first, "discard", `{"reason":"补录"}`).want(t, 200, "")
	letter(first, "discard", `{"reason":"补录"}`).want(t, 404, "NOT_FOUND")
	letter(first, "retry", "").want(t, 404, "NOT_FOUND")
	letter(second, "retry", "").want(t, 200, "")
	s.bury(t, wang)
	all := func(query string) answer {
		return s.do(t, "POST", "/api/admin/outbox/dead/retry"+query, "", as(admin.Token))
	}
	all("?cursor=x").wantDetail(t, detail{"cursor", "format", "不是有效的编号"})
	for query, want := range map[string]float64{"?cursor=999999": 0, "": 1} {
		if got := all(query).object(t, 200); query == "" && got["retried"] != want || got["next_cursor"] != nil {
			t.Errorf("retry of all%s: got %v, want %v retried and none left", query, got, want)
		}
	}
	if ids, _ := s.dead(t, admin, ""); len(ids) != 0 {
		t.Errorf("undecided: got %q, want none", ids)
	}
	_, page := s.dead(t, admin, "?resolved=true&user_id="+li.User.ID)
	if len(page.Letters) != 1 || page.Letters[0]["resolution"] != "discarded" {
		t.Errorf("decided: got %v, want that it was discarded", page.Letters)
	}
}

func TestReplaysAreAskedForAndEnded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li := s.staff(t, domain.RoleAdmin), s.signIn(t, "li")
	ask := func(body string) answer { return s.do(t, "POST", "/api/admin/outbox/replays", body, as(admin.Token)) }
	asked := ask(`{"user_id":"`+li.User.ID+`","from_id":1,"since":"2026-11-22T08:00:00+08:00","to":"billing"}`).object(t, 201)
	filter := asked["filter"].(map[string]any)
	if filter["user_id"] != li.User.ID || filter["from_id"] != 1.0 || filter["to_id"] != nil || filter["since"] != "2026-11-22T00:00:00Z" {
		t.Errorf("filter: got %v", filter)
	}
	if asked["to"] != "billing" || asked["requested_at"] != "2026-11-22T08:00:00Z" {
		t.Errorf("got %v", asked)
	}
	other := ask(`{"type":"menjin.user.registered.v1"}`).object(t, 201)
	listed := func() []any {
		return s.do(t, "GET", "/api/admin/outbox/replays?limit=10", "", as(admin.Token)).object(t, 200)["replays"].([]any)
	}
	if got := listed(); len(got) != 2 || got[0].(map[string]any)["id"] != other["id"] || got[0].(map[string]any)["to"] != nil {
		t.Errorf("replays: got %v, want both, the newest first", got)
	}
	end := func(id string) answer { return s.do(t, "DELETE", "/api/admin/outbox/replays/"+id, "", as(admin.Token)) }
	end(asked["id"].(string)).want(t, 200, "")
	end(asked["id"].(string)).want(t, 404, "NOT_FOUND")
	end("x").wantDetail(t, detail{"id", "format", "不是有效的编号"})
	if got := listed()[1].(map[string]any); got["finished_at"] == nil {
		t.Errorf("cancelled: got %v, want it finished", got)
	}
}

func TestReplaysThatSayTooLittleOrNonsenseAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.staff(t, domain.RoleAdmin)
	for body, want := range map[string]detail{
		`{}`:                       {"filter", "required", "须说明重放哪些事件"},
		`{"to":"billing"}`:         {"filter", "required", "须说明重放哪些事件"},
		`{"from_id":0}`:            {"from_id", "min", "低于下限"},
		`{"from_id":9,"to_id":8}`:  {"to_id", "min", "不能小于 from_id"},
		`{"type":""}`:              {"type", "format", "格式不正确"},
		`{"type":"menjin\u0000"}`:  {"type", "format", "格式不正确"},
		`{"type":"Menjin.*"}`:      {"type", "format", "格式不正确"},
		`{"user_id":"x"}`:          {"user_id", "format", "不是有效的编号"},
		`{"since":"yesterday"}`:    {"since", "format", "须为 RFC 3339 时间"},
		`{"from_id":1,"to":"a.>"}`: {"to", "format", "格式不正确"},
		`{"from_id":1,"to":"A b"}`: {"to", "format", "格式不正确"},
		`{"from_id":"1","to":"b"}`: {"from_id", "type", "类型应为 integer"},
		`{"since":"2026-11-22T09:00:00Z","until":"2026-11-22T09:00:00Z"}`: {"until", "min", "须晚于 since"},
	} {
		s.do(t, "POST", "/api/admin/outbox/replays", body, as(admin.Token)).wantDetail(t, want)
	}
}

func TestMoreDeadLettersThanOneCallRetriesAreLeft(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.staff(t, domain.RoleAdmin)
	for i := range 501 {
		event := domain.PushedByWeChat(domain.WeChatPushed{AppID: app, Name: "debug"}, domain.Stamp{ID: numbered(i), At: s.clock.Now()})
		s.append(t, event)
		if err := s.store.Bury(t.Context(), event.ID, refusal, s.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	got := s.do(t, "POST", "/api/admin/outbox/dead/retry", "", as(admin.Token)).object(t, 200)
	if got["retried"] != 500.0 || got["next_cursor"] == nil {
		t.Fatalf("first call: got %v, want 500 and some left", got)
	}
	got = s.do(t, "POST", "/api/admin/outbox/dead/retry?cursor="+got["next_cursor"].(string), "", as(admin.Token)).object(t, 200)
	if got["retried"] != 1.0 || got["next_cursor"] != nil {
		t.Errorf("second call: got %v, want one and none left", got)
	}
}

func TestEventThatTellsOfADeletionIsNotDiscarded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li := s.staff(t, domain.RoleAdmin), s.signIn(t, "li")
	user, err := domain.ParseUserID(li.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	event := domain.Event{
		ID: numbered(1), Type: domain.EventDeleted, UserID: user, Version: 9, At: s.clock.Now(), Facts: domain.Deleted{},
	}
	s.append(t, event)
	if err := s.store.Bury(t.Context(), event.ID, refusal, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	s.do(t, "POST", "/api/admin/outbox/dead/"+event.ID.String()+"/discard", `{"reason":"补录"}`, as(admin.Token)).
		wantDetail(t, detail{"event_id", "enum", "告知用户注销的事件不能放弃,请消除原因后重试"})
}

// append commits an event.
func (s *service) append(t *testing.T, event domain.Event) {
	t.Helper()
	err := s.store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if !event.UserID.IsZero() {
			if _, err := tx.Users().ForUpdate(ctx, event.UserID); err != nil {
				return err
			}
		}
		return tx.Outbox().Append(ctx, event)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func numbered(i int) (event domain.EventID) {
	event.ID[0], event.ID[1], event.ID[2] = 1, byte(i>>8), byte(i)
	return event
}
