package wechat

import "net/url"

// api is one of WeChat's doors.
type api struct {
	name string // for the operator
	path string
	own  map[int64]meaning // of errcodes that mean something else here than at other doors
}

var (
	loginAPI        = &api{name: "code2Session", path: "/sns/jscode2session"}
	tokenAPI        = &api{name: "getStableAccessToken", path: "/cgi-bin/stable_token"}
	phoneAPI        = &api{name: "getPhoneNumber", path: "/wxa/business/getuserphonenumber", own: phoneMeanings}
	checkSessionAPI = &api{name: "checkSessionKey", path: "/wxa/checksession", own: tokenMeanings}
	resetSessionAPI = &api{name: "resetUserSessionKey", path: "/wxa/resetusersessionkey", own: tokenMeanings}
)

// meaningOf says what an errcode amounts to at this door.
func (a *api) meaningOf(errcode int64) meaning {
	if known, ok := a.own[errcode]; ok {
		return known
	}
	return meaningOf(errcode)
}

// at returns the address of a door, without a query.
func (a *api) at(base url.URL) url.URL {
	base.Path += a.path
	return base
}
