package wechatpush

import (
	"encoding/json"
	"testing"
)

func TestContentIsTheSameFromBothForms(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`{" A ":"x","n":1.50,"b":[true,null,{"c":[]}]}`:                       `{"A":"x","b":[true,null,{"c":[]}],"n":1.50}`,
		`{"a":[1,2,],"b":{"c":",}",},}`:                                       `{"a":[1,2],"b":{"c":",}"}}`,
		`{"a":"\",}","b":"\\",}`:                                              `{"a":"\",}","b":"\\"}`,
		`{"A":1,"a":2," a":[3]}`:                                              `{"A":[1,2,[3]]}`,
		`{"list":[1],"LIST":[2]}`:                                             `{"list":[[1],[2]]}`,
		`<xml><A> x </A><b/><c><d>1</d>text</c></xml>`:                        `{"A":"x","b":"","c":{"d":"1"}}`,
		`<xml><L><i>1</i></L><L><i>2</i></L><l>3</l></xml>`:                   `{"L":[{"i":"1"},{"i":"2"},"3"]}`,
		`<xml><!-- c --><a>1<!-- c -->2<![CDATA[&<]]>&amp;&#x4e2d;</a></xml>`: `{"a":"12\u0026\u003c\u0026中"}`,
		`<ns:xml xmlns:ns="u"><ns:a x="1">1</ns:a></ns:xml>`:                  `{"a":"1"}`,
	} {
		parsed, err := parse([]byte(written))
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if got, err := json.Marshal(parsed); err != nil || string(got) != want {
			t.Errorf("%s: got %s (%v), want %s", written, got, err, want)
		}
	}
}

func TestWhatIsNeitherFormIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "{", "}", "null", `"a"`, "{}x", "{} {}", `{"a":1,,}`, `{,}`, `{1:2}`, `{"a" "b"}`, `{"a":01}`, `{"a":}`, "<", "<xml>", "<xml/>",
		"<xml>text</xml>", "<xml><a></b></xml>", "<!-- --><a>", "<?xml?>", "<a b=c><d/></a>",
	} {
		if got, err := parse([]byte(text)); err == nil && len(got) > 0 {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}
