package httpapi_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestOneReadsFromTheRoutesToTheEvents(t *testing.T) {
	t.Parallel()
	s := setup(t, withEvents(t))
	ctx := browser(t)
	seen := &complaints{}
	seen.listen(ctx, t, s.url)
	read := func(selector string, actions ...chromedp.Action[chromedp.Void]) string {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("turn to %s: %v (complaints %q)", selector, err, seen.all())
		}
		text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
		if err != nil {
			t.Fatalf("read %s: %v", selector, err)
		}
		return text
	}
	route := read(`#operations-sign-in-loginPassword`,
		chromedp.Navigate(s.url+"/docs#/sign-in/loginPassword"),
		chromedp.WaitVisible(chromedp.CSS(`#operations-sign-in-loginPassword .responses-inner`)),
	)
	press(ctx, t, `a[href="docs/events"]`)
	events := read("body",
		chromedp.WaitVisible(chromedp.CSS(`section[id="menjin.user.registered.v1"]`)),
	)
	for _, want := range []struct{ page, text string }{
		{route, "correct horse battery"}, {route, "is_new_user"}, // examples of request and answer
		{route, "BAD_CREDENTIALS"}, {route, "TOO_MANY_ATTEMPTS"}, {route, "DEPENDENCY_UNAVAILABLE"}, // reasons
		{events, "menjin.user.registered.{userId}"}, {events, "ce-sequence"}, {events, "registered_at"},
	} {
		if !strings.Contains(want.page, want.text) {
			t.Errorf("the page lacks %q", want.text)
		}
	}
	if complaints := seen.all(); len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
}
