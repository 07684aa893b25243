package httpapi

import "golang.org/x/text/language"

// text is one message in the languages there are.
type text struct{ zh, en string }

func (t text) in(tag language.Tag) string {
	if tag == language.English {
		return t.en
	}
	return t.zh
}

// What people are told on success.
var (
	done     = text{"操作成功", "Done"}
	signedIn = text{"登录成功", "Signed in"}
	greeting = text{"你好,门禁", "Hello from Menjin"}
)

// failures has a message for each reason. A test fails when one of the domain's has none.
var failures = map[string]text{
	"INVALID_ARGUMENT":       {"参数错误", "An argument is invalid"},
	"MALFORMED_JSON":         {"请求体不是合法的 JSON", "The body is no valid JSON"},
	"TOKEN_MISSING":          {"请先登录", "Sign in first: no access token was sent"},
	"TOKEN_INVALID":          {"登录凭证无效,请重新登录", "The access token is not valid; sign in again"},
	"TOKEN_EXPIRED":          {"登录已失效,请重新登录", "The access token has expired; sign in again"},
	"SESSION_ENDED":          {"登录已失效,请重新登录", "The session has ended; sign in again"},
	"WECHAT_CODE_INVALID":    {"微信登录凭证无效或已过期,请重新登录", "WeChat does not know this login code, or no longer; call wx.login again"},
	"WECHAT_CODE_USED":       {"微信登录凭证已被使用,请重新登录", "This WeChat login code was used before; call wx.login again"},
	"ACCOUNT_LOCKED":         {"账号已被锁定", "The account is locked"},
	"WECHAT_USER_BLOCKED":    {"微信判定该账号存在风险,暂时无法登录", "WeChat refuses to sign this person in"},
	"NOT_FOUND":              {"请求的内容不存在", "Nothing is here"},
	"METHOD_NOT_ALLOWED":     {"不支持该请求方法", "This address does not take that method"},
	"WECHAT_TAKEN":           {"该微信账号已被其他用户关联", "The WeChat identity belongs to another user"},
	"BODY_TOO_LARGE":         {"请求体过大", "The body is too large"},
	"UNSUPPORTED_MEDIA_TYPE": {"请求体须为 application/json", "The body must be application/json"},
	"WECHAT_RATE_LIMITED":    {"微信接口调用过于频繁,请稍后再试", "WeChat asks to slow down; try again later"},
	"INTERNAL":               {"服务内部错误", "A fault of the service"},
	"WECHAT_ERROR":           {"微信服务异常,请稍后再试", "WeChat did not answer as it should; try again later"},
	"DEPENDENCY_UNAVAILABLE": {"服务暂时不可用,请稍后再试", "A part of the service is not available right now; try again later"},
	"WECHAT_TIMEOUT":         {"微信响应超时,请重新登录", "WeChat took too long to answer; call wx.login again"},
}

// rules has words for each rule of [domain.Violation]; where the domain says it in English itself, that is used.
var rules = map[string]text{
	"required": {"必填", "is required"},
	"type":     {"类型不正确", "is of the wrong type"},
	"min":      {"低于下限", "is too small"},
	"max":      {"超出上限", "is too large"},
	"length":   {"长度不符合要求", "has the wrong length"},
	"format":   {"格式不正确", "is not in the right form"},
	"enum":     {"不是允许的值", "is not one of the values allowed"},
	"unknown":  {"未知字段", "is not known"},
}

// fieldRules says more than rules does, by field and rule.
var fieldRules = map[string]text{
	"app_id enum":            {"不是本服务配置的小程序", "is not a mini-program of this service"},
	"device.id format":       {"不能包含控制字符", "must not hold control or direction marks"},
	"device.model format":    {"不能包含控制字符", "must not hold control or direction marks"},
	"device.platform format": {"不能包含控制字符", "must not hold control or direction marks"},
	"device.system format":   {"不能包含控制字符", "must not hold control or direction marks"},
}
