package httpapi_test

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/menjin-id/menjin/internal/testserver"
)

// browser opens Chromium without access to anything but loopback.
func browser(t *testing.T) context.Context {
	t.Helper()
	testserver.SkipShort(t)
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		testserver.Missing(t, "Chromium", "chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser is gone, so that its folder can be removed
		cancel()
	})
	return ctx
}

// press clicks without the mouse, under which a page that is still scrolling moves on.
func press(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(selector)))
	if err == nil {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q).click(), true", selector)))
	}
	if err != nil {
		t.Fatalf("click on %s: %v", selector, err)
	}
}

// complaints gathers what a page asks of other hosts and what the browser blocks or cannot load.
type complaints struct {
	mu   sync.Mutex
	text []string
}

func (c *complaints) listen(ctx context.Context, t *testing.T, home string) {
	t.Helper()
	err := chromedp.Listen(ctx, func(event any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch event := event.(type) {
		case *network.EventRequestWillBeSent:
			if url := event.Request.URL; !strings.HasPrefix(url, home) && !strings.HasPrefix(url, "data:") {
				c.text = append(c.text, "asked for "+url)
			}
		case *log.EventEntryAdded:
			c.text = append(c.text, event.Entry.Text)
		}
	})
	if err != nil {
		t.Fatalf("start the browser: %v", err)
	}
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.text)
}

func TestDocumentationRendersWithoutTheInternet(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ctx := browser(t)
	seen := &complaints{}
	seen.listen(ctx, t, s.url)
	err := chromedp.Do(ctx,
		chromedp.Navigate(s.url+"/docs"),
		chromedp.WaitVisible(chromedp.CSS(`#operations-sign-in-login`)),
	)
	if err != nil {
		t.Fatalf("open the page: %v (complaints %q)", err, seen.all())
	}
	press(ctx, t, `#operations-sign-in-login .opblock-summary-control`)
	if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(`#operations-sign-in-login .opblock-body`))); err != nil {
		t.Fatalf("open the route: %v (complaints %q)", err, seen.all())
	}
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("#swagger-ui")))
	if err != nil {
		t.Fatalf("read the page: %v", err)
	}
	for _, want := range []string{"微信登录", "/api/user/info", "WECHAT_CODE_USED", "1.2.3"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if complaints := seen.all(); len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
}
