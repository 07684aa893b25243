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
	done       = text{"操作成功", "Done"}
	signedIn   = text{"登录成功", "Signed in"}
	registered = text{"注册成功", "Registered"}
	greeting   = text{"你好,门禁", "Hello from Menjin"}
)

// failures has a message for each reason. A test fails when one of the domain's has none.
var failures = map[string]text{
	"INVALID_ARGUMENT":       {"参数错误", "An argument is invalid"},
	"MALFORMED_JSON":         {"请求体不是合法的 JSON", "The body is no valid JSON"},
	"TOKEN_MISSING":          {"请先登录", "Sign in first: no access token was sent"},
	"TOKEN_INVALID":          {"登录凭证无效,请重新登录", "The access token is not valid; sign in again"},
	"TOKEN_EXPIRED":          {"登录已失效,请重新登录", "The access token has expired; sign in again"},
	"SESSION_ENDED":          {"登录已失效,请重新登录", "The session has ended; sign in again"},
	"REFRESH_TOKEN_INVALID":  {"刷新令牌无效或已过期,请重新登录", "The refresh token is not valid, or no longer; sign in again"},
	"REFRESH_TOKEN_REUSED":   {"刷新令牌已被使用过,会话已结束,请重新登录", "The refresh token was used before, so its session has been ended; sign in again"},
	"BAD_CREDENTIALS":        {"用户名或密码错误", "The username or the password is wrong"},
	"WECHAT_CODE_INVALID":    {"微信登录凭证无效或已过期,请重新登录", "WeChat does not know this login code, or no longer; call wx.login again"},
	"WECHAT_CODE_USED":       {"微信登录凭证已被使用,请重新登录", "This WeChat login code was used before; call wx.login again"},
	"ACCOUNT_LOCKED":         {"账号已被锁定", "The account is locked"},
	"PERMISSION_DENIED":      {"没有权限进行此操作", "You are not allowed to do this"},
	"WECHAT_USER_BLOCKED":    {"微信判定该账号存在风险,暂时无法登录", "WeChat refuses to sign this person in"},
	"NOT_FOUND":              {"请求的内容不存在", "Nothing is here"},
	"METHOD_NOT_ALLOWED":     {"不支持该请求方法", "This address does not take that method"},
	"USERNAME_TAKEN":         {"用户名已被使用", "The username belongs to a user already"},
	"EMAIL_TAKEN":            {"邮箱已被使用", "The e-mail address belongs to a user already"},
	"LAST_CREDENTIAL":        {"不能移除最后一种登录方式", "The last way to sign in cannot be removed"},
	"WECHAT_TAKEN":           {"该微信账号已被其他用户关联", "The WeChat identity belongs to another user"},
	"PHONE_TAKEN":            {"该手机号已被其他用户绑定", "The telephone number belongs to another user"},
	"SESSION_KEY_STALE":      {"微信登录状态已更新,请重新登录后再试", "WeChat has another session_key by now; call wx.login, sign in and try again"},
	"DECRYPTION_FAILED":      {"加密数据无法解开", "The encrypted data cannot be opened"},
	"WATERMARK_MISMATCH":     {"加密数据已过时,或不属于本人或该小程序", "The encrypted data is too old, or of another person or mini-program"},
	"SIGNATURE_MISMATCH":     {"签名与数据不符", "The signature does not belong to the data"},
	"BODY_TOO_LARGE":         {"请求体过大", "The body is too large"},
	"UNSUPPORTED_MEDIA_TYPE": {"请求体须为 application/json", "The body must be application/json"},
	"RATE_LIMITED":           {"请求过于频繁,请稍后再试", "Too many requests; try again later"},
	"TOO_MANY_ATTEMPTS":      {"尝试次数过多,请稍后再试", "Too many failed attempts; try again later"},
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
	"common":   {"过于常见", "is too common"},
	"same":     {"不能相同", "must not be the same"},
	"linked":   {"尚未关联", "is not linked"},
}

// fieldRules says more than rules does, by field and rule.
var fieldRules = map[string]text{
	"app_id linked":          {"本人没有关联该小程序", "is a mini-program that the caller is not linked with"},
	"app_id enum":            {"不是本服务配置的小程序", "is not a mini-program of this service"},
	"device.id format":       {"不能包含控制字符", "must not hold control or direction marks"},
	"device.model format":    {"不能包含控制字符", "must not hold control or direction marks"},
	"device.platform format": {"不能包含控制字符", "must not hold control or direction marks"},
	"device.system format":   {"不能包含控制字符", "must not hold control or direction marks"},
	"username min":           {"须为 3 至 32 个字符", "must have 3 to 32 characters"},
	"username max":           {"须为 3 至 32 个字符", "must have 3 to 32 characters"},
	"username format":        {"须以字母或数字开头,只含字母、数字、“_”“.”“-”", `must begin with a letter or digit and hold letters, digits, "_", "." and "-" only`},
	"username required":      {"首次设置密码时必填", "is needed with the first password"},
	"password min":           {"须为 8 至 128 个字符", "must have 8 to 128 characters"},
	"password max":           {"须为 8 至 128 个字符", "must have 8 to 128 characters"},
	"password common":        {"属于最常见的密码", "is one of the most common passwords"},
	"password same":          {"不能与用户名相同", "must not be the username"},
	"new_password min":       {"须为 8 至 128 个字符", "must have 8 to 128 characters"},
	"new_password max":       {"须为 8 至 128 个字符", "must have 8 to 128 characters"},
	"new_password common":    {"属于最常见的密码", "is one of the most common passwords"},
	"new_password same":      {"不能与用户名相同", "must not be the username"},
	"old_password required":  {"修改密码时必填", "is needed to change the password"},
	"nickname min":           {"须为 1 至 64 个字符", "must have 1 to 64 characters"},
	"nickname max":           {"须为 1 至 64 个字符", "must have 1 to 64 characters"},
	"nickname format":        {"不能包含控制字符,也不能不可见", "must not hold control or direction marks, nor be invisible"},
	"avatar_url format":      {"须为 http 或 https 地址", "must be an http or https address"},
	"email format":           {"不是有效的邮箱地址", "is not an e-mail address"},
	"phone format":           {"不是 E.164 格式的电话号码", "is not an E.164 telephone number"},
	"role enum":              {"须为 support 或 admin", "must be support or admin"},
	"token format":           {"不是有效会话的访问令牌", "is not an access token of a live session"},
	"token enum":             {"所属账号正等待注销", "belongs to an account that waits for its deletion"},
	"token same":             {"属于同一个账号", "belongs to the same account"},
	"filter required":        {"须说明重放哪些事件", "must say which events"},
	"from_id min":            {"不能小于 1", "must not be below 1"},
	"to_id min":              {"不能小于 from_id", "must not be below from_id"},
	"until min":              {"须晚于 since", "must be later than since"},
	"type format":            {"须为 1 至 128 个字符:a-z、0-9、_、.", "must be 1 to 128 characters of a-z, 0-9, _ and ."},
	"event_id enum":          {"告知用户注销的事件不能放弃,请消除原因后重试", "must not be of an event that tells of a deletion"},
	"to format":              {"须为 1 至 32 个字符:a-z、0-9、_、-,以字母或数字开头", "must be 1 to 32 characters of a-z, 0-9, _ and -, a letter or digit first"},
	"reason required":        {"须说明原因,至多 200 个字符", "must say why, in at most 200 characters"},
}
