package markup_test

import (
	"errors"
	"io"
	"testing"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/menjin-id/menjin/internal/markup"
)

func TestPartsTakeThePlaceOfTheirMarks(t *testing.T) {
	t.Parallel()
	got, err := markup.Fill(`<p class="{{kind}}">{{name}} { {{name}}}</p>{{list}}`, map[string]g.Node{
		"kind": g.Text("a"), "name": g.Text("b"), "unused": g.Text("c"),
		"list": g.Map([]string{"x", "y"}, func(s string) g.Node { return html.Code(g.Text(s)) }),
	})
	if want := `<p class="a">b { b}</p><code>x</code><code>y</code>`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestTextNeverBecomesMarkupNorAMark(t *testing.T) {
	t.Parallel()
	hostile := `"'><script>{{other}}&amp;` + "\x00"
	got, err := markup.Fill(`<p title="{{text}}">{{text}}</p>{{deep}}`, map[string]g.Node{
		"text": g.Text(hostile), "deep": html.I(html.ID(hostile), g.Text(hostile)), "other": g.Text("FILLED TWICE"),
	})
	safe := `&#34;&#39;&gt;&lt;script&gt;{{other}}&amp;amp;` + "\uFFFD"
	if want := `<p title="` + safe + `">` + safe + `</p><i id="` + safe + `">` + safe + `</i>`; err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestPageWithAnUnknownPartIsRefused(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"{{other}}", "{{}}", "{{ text }}", "{{text", "{{"} {
		if got, err := markup.Fill(page, map[string]g.Node{"text": g.Text("")}); err == nil {
			t.Errorf("%s: got %q, want an error", page, got)
		}
	}
}

func TestPartThatCannotBeWrittenIsReported(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	part := g.NodeFunc(func(io.Writer) error { return broken })
	if _, err := markup.Fill("{{part}}", map[string]g.Node{"part": part}); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
