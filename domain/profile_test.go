package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

// valueCase is a text, and what a constructor makes of it: kept, or "" when it refuses the text.
type valueCase struct{ text, kept string }

func same(text string) valueCase    { return valueCase{text, text} }
func refused(text string) valueCase { return valueCase{text, ""} }

// testValue checks what a constructor accepts, and that its refusals name the field and never the value.
func testValue[V any](t *testing.T, field string, make func(string) (V, error), show func(V) string, cases []valueCase) {
	t.Helper()
	for _, c := range cases {
		value, err := make(c.text)
		if got := show(value); got != c.kept {
			t.Errorf("%s of %.80q: got %.80q, want %.80q", field, c.text, got, c.kept)
		}
		if c.kept != "" {
			if err != nil {
				t.Errorf("%s of %.80q: got error %v, want none", field, c.text, err)
			}
			continue
		}
		invalid, ok := errors.AsType[*domain.Error](err)
		if !ok || !errors.Is(err, domain.ErrInvalidArgument) || len(invalid.Violations) != 1 {
			t.Errorf("%s of %.80q: got error %v, want one violation", field, c.text, err)
			continue
		}
		if fault := invalid.Violations[0]; fault.Field != field || fault.Rule == "" || fault.Text == "" ||
			len(c.text) > 2 && strings.Contains(fault.Text, c.text) {
			t.Errorf("%s of %.80q: got violation %+v, want it to name the field and not the value", field, c.text, fault)
		}
	}
}

func TestUsername(t *testing.T) {
	t.Parallel()
	testValue(t, "username", domain.NewUsername, domain.Username.String, []valueCase{
		same("abc"), same("李雷雷"), same("li.lei_01-x"), same(strings.Repeat("a", 32)), same(strings.Repeat("李", 32)),
		refused(""), refused("ab"), refused("李雷"), refused(strings.Repeat("a", 33)), refused("li lei"), refused("li@lei"),
		refused("li/lei"), refused("li\x00lei"), refused("li\u202elei"), refused("abc\xff"), refused("🌸🌸🌸"), refused("..."), refused("-li"),
	})
}

func TestNickname(t *testing.T) {
	t.Parallel()
	testValue(t, "nickname", domain.NewNickname, domain.Nickname.String, []valueCase{
		same("L"), same("韩 梅梅"), same("👩‍🚀 <b>"), same(strings.Repeat("梅", 64)),
		{"  Li \t\n", "Li"},
		refused(""), refused(" \t "), refused(strings.Repeat("a", 65)), refused("a\nb"), refused("a\x00b"), refused("a\u202eb"),
		refused("a\u2066b"), refused("a\u0085b"), refused("ab\xff"), refused("a\ufffdb"), refused("\u200b\u00ad"), refused("a\u2028b"),
	})
}

func TestAvatarURL(t *testing.T) {
	t.Parallel()
	long := "https://example.com/" + strings.Repeat("a", 1024)
	testValue(t, "avatar_url", domain.NewAvatarURL, domain.AvatarURL.String, []valueCase{
		same("https://example.com/a.png?x=1#y"), same("http://example.com"), same("https://[2001:db8::1]:8443/a"), same(long[:1024]),
		refused(""), refused(long[:1025]), refused("example.com/a.png"), refused("//example.com/a.png"), refused("javascript:alert(1)"),
		refused("data:image/png;base64,AAAA"), refused("ftp://example.com/a"), refused("https://"), refused("https://:443/a"),
		refused("https://user:password@example.com/a"), refused("https://example.com/a\nb"), refused("https://exa mple.com/a"),
		refused("https://example.com/\xff"), refused("https://example.com/\u202ea"), refused(`https://example.com/"><b>`), refused("https://example.com/a b"),
	})
}

func TestEmail(t *testing.T) {
	t.Parallel()
	longLocal := strings.Repeat("a", 64) + "@example.com"
	longHost := strings.Repeat("a.", 126) + "cn"
	testValue(t, "email", domain.NewEmail, func(e domain.Email) string { return e.Reveal() }, []valueCase{
		same("a@example.com"), same("li.lei+tag@mail.example.cn"), same("李雷@例子.中国"), same(longLocal),
		refused(""), refused("a"), refused("@example.com"), refused("a@"), refused("a@localhost"), refused("a@.com"), refused("a@com."),
		refused("a@b@example.com"), refused("a b@example.com"), refused("a@exam\tple.com"), refused("a\x00@example.com"), refused("a\xff@example.com"),
		refused("a" + longLocal), refused("a@" + longHost), refused("a\u202e@example.com"), refused("\u3000a@example.com"),
		refused("a@b..c"), refused("<a>@b.c"), refused("a,b@c.d"), refused(`"a"@b.c`),
	})
}

func TestPhone(t *testing.T) {
	t.Parallel()
	testValue(t, "phone", domain.NewPhone, func(p domain.Phone) string { return p.Reveal() }, []valueCase{
		same("+8613800138000"), same("+1234567"), same("+123456789012345"),
		refused(""), refused("+"), refused("13800138000"), refused("008613800138000"), refused("+123456"), refused("+1234567890123456"),
		refused("+0613800138000"), refused("+86 138 0013 8000"), refused("+8613800١٣٨00"), refused("++86138001380"), refused("+86138001380\n"),
	})
}

func TestWeChatIDs(t *testing.T) {
	t.Parallel()
	texts := []valueCase{
		same("oGZUI0egBJY1zhBYw2KhdUfwVJJE"), same("o_-6"), same(strings.Repeat("o", 128)),
		refused(strings.Repeat("o", 129)), refused("o o"), refused("o\n"), refused("o\x00"), refused("o\x7f"), refused("门禁"), refused("o\xff"),
	}
	testValue(t, "openid", domain.NewOpenID, func(id domain.OpenID) string { return id.Reveal() }, append(texts, refused("")))
	testValue(t, "unionid", domain.NewUnionID, func(id domain.UnionID) string { return id.Reveal() }, texts)
	if none, err := domain.NewUnionID(""); err != nil || !none.IsZero() {
		t.Errorf("unionid of nothing: got error %v, want none and the zero value", err)
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	email := func(text string) string { return domain.Email{Secret: domain.NewSecret(text)}.Masked() }
	phone := func(text string) string { return domain.Phone{Secret: domain.NewSecret(text)}.Masked() }
	for _, c := range []struct{ what, got, want string }{
		{"e-mail", email("alice@example.com"), "a***@example.com"},
		{"e-mail of one letter", email("a@example.com"), "a***@example.com"},
		{"e-mail in Chinese", email("李雷@例子.中国"), "李***@例子.中国"},
		{"no e-mail", email(""), ""},
		{"mainland phone", phone("+8613812341234"), "138****1234"},
		{"mainland landline", phone("+861012345678"), "+86******5678"},
		{"foreign phone", phone("+441234567890"), "+44******7890"},
		{"shortest phone", phone("+1234567"), "+1****67"},
		{"no phone", phone(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("mask of %s: got %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestRole(t *testing.T) {
	t.Parallel()
	testValue(t, "role", domain.ParseRole, func(r domain.Role) string { return string(r) }, []valueCase{
		same("user"), same("support"), same("admin"), refused(""), refused("Admin"), refused("root"), refused("user "),
	})
}

func TestDevice(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("梅", 128)
	got, err := domain.NewDevice("d-1", `Pixel 9 "Pro"`, "", long)
	want := domain.Device{ID: "d-1", Model: `Pixel 9 "Pro"`, System: long}
	if err != nil || got != want {
		t.Errorf("device: got %+v, error %v, want %+v", got, err, want)
	}

	_, err = domain.NewDevice("a\nb", long+"x", "a\xff", "\u202ea")
	invalid, ok := errors.AsType[*domain.Error](err)
	if !ok || len(invalid.Violations) != 4 {
		t.Fatalf("device of four faults: got error %v, want four violations", err)
	}
	for i, field := range []string{"device.id", "device.model", "device.platform", "device.system"} {
		if invalid.Violations[i].Field != field {
			t.Errorf("violation %d: got field %s, want %s", i, invalid.Violations[i].Field, field)
		}
	}
}
