// Package wechatpush receives what WeChat pushes to a mini-program's server: plain, encrypted, or both at once, as JSON or as XML. It
// believes nothing before the signature is checked, and hands what it reads to application/push.
//
// A Handler serves /wechat/push/{app_id}; the last element of the path is all it looks at.
package wechatpush
