package push_test

import (
	"encoding/json"
	"testing"
)

// survives reports whether a text under a neutral name is published.
func survives(t *testing.T, value any) bool {
	t.Helper()
	b := setup()
	m := message("debug_demo")
	m.Content = map[string]any{"remark": value}
	b.do(t, m)
	return b.pushed(t).Content != `{}`
}

func TestTelephoneNumbersAreFoundHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, number := range []string{
		"13800138000", "138-0013-8000", "138 0013 8000", "138 00138000", "1380013-8000", "1380 0138 000", "138 001 38000", "13800 138000",
		"1 3 8 0 0 1 3 8 0 0 0", "138.0013.8000", "138  0013  8000", "138\t0013\n8000", "138\u20100013\u20138000", "138\u00a00013\u30008000",
		"138\u200b0013\u200b8000", "１３８００１３８０００", "１３８－００１３－８０００", "\U0001d7cf\U0001d7d1\U0001d7d600138000", "138·0013·8000",
		"86 138 0013 8000", "8613800138000", "86-138-0013-8000", "+86 138 0013 8000", "(+86)138-0013-8000", "（＋８６）138 0013 8000",
		"008613800138000", "order 12 138 0013 8000 please", "call138-0013-8000now", "我的号码是138-0013-8000。", "tel-13800138000",
		"(010) 6552-9988", "（010）6552-9988", "010-65529988", "010 6552 9988", "01065529988", "tel:01065529988", "0755-1234567", "0371 6552 9988",
		"86-010-65529988", "010-65529988-123", "TEL：65529988", "电话 6552 9988", "+44 20 7946 0123", "+1 (415) 555-0132", "+4420794601234",
	} {
		if survives(t, number) {
			t.Errorf("%q is published", number)
		}
	}
	if survives(t, json.Number("13800138000")) {
		t.Error("a number without quotes is published")
	}
}

func TestIDsAndInstantsAreNoTelephoneNumbers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"60ae120f-371d5872-7941a05b", "60ae1a4c-7e8f", "13800138-0013a000-13800138", "13800138-0013-8000-1380-013800138000",
		"0193a4d2-1380-7013-8000-1380013800ab", "a13800138000bc4f", "4bf92f3577b34da6a3ce929d0e0e4736", "wx0123456789abcdef",
		"wx13800138000abcde", "gh_870882ca4b1", "4200001234202611221381234567890", "20261122-150405-12345", "1714112445-1", "1714112445 1714112446",
		"1714112445", "1714112445123", "1714112445.123", "2026-11-22 13:14:15", "2026-11-22T13:14:15+08:00", "2026-11-22T13:14:15.123456Z",
		"Sun, 22 Nov 2026 13:14:15 +0800", "20261122131415", "2026.11.22 13.14", "v1.13.8", "192.168.10.101", "17.123456789", "113.324520,23.109290",
		"0000123456", "202611220001", "2026-11-22 to 2026-12-07", "100-200-300", "版本 1.2", "20002",
	} {
		if !survives(t, text) {
			t.Errorf("%q is not published", text)
		}
	}
	for _, number := range []json.Number{"1714112445", "1714112445123", "17.123456789", "-113.3245201", "1.3e+10", "1e-7"} {
		if !survives(t, number) {
			t.Errorf("%s is not published", number)
		}
	}
}
