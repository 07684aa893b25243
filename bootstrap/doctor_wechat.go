package bootstrap

import (
	"context"
	"net/http"
	"time"

	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/bootstrap/config"
)

func (d *doctor) checkWeChat(ctx context.Context, app config.App) finding {
	client, err := wechat.New(wechat.Options{
		BaseURL: d.cfg.WeChat.BaseURL, Timeout: d.cfg.WeChat.Timeout, Apps: []wechat.App{{ID: app.ID, Secret: app.Secret}},
	})
	if err != nil {
		return fail(err.Error(), "see wechat.base_url")
	}
	defer client.Close()
	if err := client.Diagnose(ctx, app.ID); err != nil {
		return fail(string(app.ID)+": "+err.Error(), "compare AppID, AppSecret and the list of addresses with WeChat's console "+
			"(Development settings), and see whether this machine reaches wechat.base_url")
	}
	return ok(string(app.ID) + " is accepted")
}

// checkOwnClock asks WeChat's front door for the time, and tells it nothing. With everything embedded there is no other clock.
func (d *doctor) checkOwnClock(ctx context.Context) finding {
	const unknown = "not compared: wechat.base_url does not tell the time"
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, d.cfg.WeChat.BaseURL, nil)
	if err != nil {
		return ok(unknown)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	asked := d.now()
	answer, err := client.Do(request)
	if err != nil {
		return ok(unknown)
	}
	defer answer.Body.Close()
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return ok(unknown)
	}
	return d.checkClock("compared with "+request.URL.Host, asked.Add(-time.Second), date) // which has no fractions of a second
}
