package wechat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

const testRID = "652d44d0-1d0af18b-5b069232"

func TestEveryErrcodeHasItsMeaning(t *testing.T) {
	t.Parallel()
	type row struct {
		errcode int64
		want    *domain.Error
		retry   time.Duration
		class   class
		logged  bool
	}
	rows := []row{
		{-1, domain.ErrUnavailable, time.Second, classBusy, false},
		{40029, domain.ErrWeChatCodeInvalid, 0, classClient, false},
		{40163, domain.ErrWeChatCodeUsed, 0, classClient, false},
		{40226, domain.ErrWeChatUserBlocked, 0, classUser, false},
		{87007, domain.ErrSessionKeyStale, 0, classClient, false},
		{87009, domain.ErrSessionKeyStale, 0, classClient, false},
		{40003, domain.ErrWeChatFailed, 0, classUnknown, true},
		{44991, domain.ErrWeChatRateLimited, time.Minute, classWait, false},
		{45011, domain.ErrWeChatRateLimited, time.Minute, classWait, false},
		{45009, domain.ErrWeChatRateLimited, time.Hour, classWait, true},
		{99999, domain.ErrWeChatFailed, 0, classUnknown, true},
		{-1000, domain.ErrWeChatFailed, 0, classUnknown, true},
	}
	for _, errcode := range []int64{
		40001, 40002, 40013, 40066, 40125, 40164, 40243, 41002, 41004, 41008, 43002, 43003, 45035,
		40014, 40097, 41001, 42001, 43104, 44002, 47001, 61007, 61024, 87008, 48001, 48004, 50002, 50004, 50007, 61004, 89503, 89506, 89507,
	} {
		rows = append(rows, row{errcode, domain.ErrWeChatFailed, 0, classOperator, true})
	}
	covered := make(map[int64]bool)
	for _, row := range rows {
		covered[row.errcode] = true
		t.Run(fmt.Sprint(row.errcode), func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"errcode":%d,"errmsg":"%s %s, rid: %s"}`, row.errcode, testSecret, testCode, testRID)
			client := setup(t, serve(t, respond(body)), 0, neverOpens)
			err := client.exchange(t)
			client.checkFailure(t, err, row.want)
			client.checkRetryAfter(t, err, row.retry)
			for _, want := range []string{`"level":"ERROR"`, fmt.Sprintf(`"errcode":%d`, row.errcode), `"class":"` + string(row.class) + `"`, testRID} {
				if got := client.logs.String(); strings.Contains(got, want) != row.logged {
					t.Errorf("got log %q, want %s in it: %t", got, want, row.logged)
				}
			}
			if !strings.Contains(err.Error(), testRID) {
				t.Errorf("got error %q without the rid", err)
			}
			if got := meaningOf(row.errcode).class; got != row.class {
				t.Errorf("got class %s, want %s", got, row.class)
			}
		})
	}
	for errcode := range meanings {
		if !covered[errcode] {
			t.Errorf("errcode %d has a meaning and no row here", errcode)
		}
	}
}
