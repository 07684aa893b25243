// Package wechat trades login codes at WeChat's code2Session, or at anything that looks like it.
//
// A login code works once, and the mini-program's secret travels in the address. So a code is sent once unless WeChat
// itself said that it was too busy to look at it; what WeChat answers is believed only when it is whole; and no error or
// log line holds an address or a text from the other side.
//
// HTTP/1.1 is spoken on purpose: a connection that breaks then takes one code with it and not a hundred.
package wechat
