package portstest

import (
	"context"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var browseContracts = []contract[*store]{
	{"pages hold every user once, by rising id", browseAll},
	{"each filter narrows the list, and several together", browseFiltered},
	{"a prefix is taken literally, in any case", browsePrefix},
	{"a filtered list has pages too", browseFilteredPages},
	{"a user in a list has every field", browseFields},
}

func (s *store) browse(t *testing.T, ctx context.Context, filter ports.UserFilter, after domain.UserID, limit int) []*domain.User {
	t.Helper()
	users, err := s.Browser.Browse(ctx, filter, after, limit)
	if err != nil {
		t.Fatalf("browse: %v", err)
	}
	return users
}

// wantPages reads a list page by page and compares the whole.
func (s *store) wantPages(t *testing.T, ctx context.Context, filter ports.UserFilter, limit int, want []domain.UserID) {
	t.Helper()
	var got []domain.UserID
	for after := (domain.UserID{}); ; {
		page := idsOf(s.browse(t, ctx, filter, after, limit))
		if len(page) > limit {
			t.Fatalf("page: got %d users, want %d at most", len(page), limit)
		}
		if len(page) == 0 {
			break
		}
		got, after = append(got, page...), page[len(page)-1]
	}
	if want = sortedIDs(slices.Clone(want)...); !slices.Equal(got, want) {
		t.Errorf("pages of %d: got %v, want %v", limit, got, want)
	}
}

func browseAll(t *testing.T, ctx context.Context, s *store) {
	if got := s.browse(t, ctx, ports.UserFilter{}, domain.UserID{}, 10); len(got) != 0 {
		t.Errorf("an empty store: got %d users, want none", len(got))
	}
	var want []domain.UserID
	for range 3 {
		user, _ := s.register(t, ctx)
		want = append(want, user.ID(), s.addFull(t, ctx).ID)
	}
	for _, limit := range []int{1, 2, 5, 6, 100} {
		s.wantPages(t, ctx, ports.UserFilter{}, limit, want)
	}
}

func browseFiltered(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	state, other := newFullState(t), newFullState(t)
	other.Phone = must(domain.NewPhone("+8613900139000"))(t)
	other.Roles = []domain.Role{domain.RoleSupport, domain.RoleUser}
	for _, state := range []domain.UserState{state, other} {
		if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	one, both := []domain.UserID{state.ID}, []domain.UserID{state.ID, other.ID}
	name, nobody := state.Username.String(), must(domain.NewEmail("x"+state.Email.Reveal()))(t)
	for _, c := range []struct {
		what   string
		filter ports.UserFilter
		want   []domain.UserID
	}{
		{"username", ports.UserFilter{UsernamePrefix: name}, one},
		{"prefix of both", ports.UserFilter{UsernamePrefix: "li.lei-李"}, both},
		{"e-mail", ports.UserFilter{Email: must(domain.NewEmail(swapCase(state.Email.Reveal())))(t)}, one},
		{"unknown e-mail", ports.UserFilter{Email: nobody}, nil},
		{"phone", ports.UserFilter{Phone: state.Phone}, one},
		{"unknown phone", ports.UserFilter{Phone: must(domain.NewPhone("+8613700137000"))(t)}, nil},
		{"role of one", ports.UserFilter{Role: domain.RoleAdmin}, one},
		{"role of both", ports.UserFilter{Role: domain.RoleSupport}, both},
		{"everything", ports.UserFilter{UsernamePrefix: name, Email: state.Email, Phone: state.Phone, Role: domain.RoleAdmin}, one},
		{"a contradiction", ports.UserFilter{UsernamePrefix: name, Phone: other.Phone}, nil},
	} {
		got := idsOf(s.browse(t, ctx, c.filter, domain.UserID{}, 10))
		if !slices.Equal(got, sortedIDs(slices.Clone(c.want)...)) {
			t.Errorf("filter by %s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func browsePrefix(t *testing.T, ctx context.Context, s *store) {
	ids := map[string]domain.UserID{}
	for _, name := range []string{"ab_c", "abxc", "AB_d", "ab.c", "Ärger", "zz9"} {
		user, event := newUserNamed(t, name, randomText()+"@example.com")
		if err := s.add(ctx, user, event); err != nil {
			t.Fatalf("add: %v", err)
		}
		ids[name] = user.ID()
	}
	for prefix, names := range map[string][]string{
		"ab": {"ab_c", "abxc", "AB_d", "ab.c"}, "AB_": {"ab_c", "AB_d"}, "ab_c": {"ab_c"}, "är": {"Ärger"}, "ZZ": {"zz9"},
		"b": nil, "%": nil, "a%": nil, `ab\`: nil, "ab_c0": nil, "'": nil, "a*": nil, "a[": nil,
	} {
		var want []domain.UserID
		for _, name := range names {
			want = append(want, ids[name])
		}
		got := idsOf(s.browse(t, ctx, ports.UserFilter{UsernamePrefix: prefix}, domain.UserID{}, 10))
		if !slices.Equal(got, sortedIDs(want...)) {
			t.Errorf("prefix %q: got %v, want %v", prefix, got, want)
		}
	}
}

func browseFilteredPages(t *testing.T, ctx context.Context, s *store) {
	var want []domain.UserID
	for range 4 {
		want = append(want, s.addFull(t, ctx).ID)
		s.register(t, ctx)
	}
	for _, filter := range []ports.UserFilter{
		{UsernamePrefix: "LI.LEI"}, {Role: domain.RoleAdmin},
	} {
		s.wantPages(t, ctx, filter, 2, want)
		s.wantPages(t, ctx, filter, 3, want)
	}
}

func browseFields(t *testing.T, ctx context.Context, s *store) {
	want := s.addFull(t, ctx)
	got := s.browse(t, ctx, ports.UserFilter{}, domain.UserID{}, 10)
	if len(got) != 1 {
		t.Fatalf("browse: got %d users, want 1", len(got))
	}
	if diff := diff(want, got[0].State()); diff != "" {
		t.Errorf("browse: state differs (-want +got):\n%s", diff)
	}
}
