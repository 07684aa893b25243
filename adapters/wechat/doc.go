// Package wechat asks WeChat, or anything that looks like it, on behalf of mini-programs: it trades login codes and the codes
// of phone buttons, and asks about session_keys. It also opens what WeChat encrypts for a mini-program.
//
// A code works once, and secrets travel in addresses. So a code is sent once unless WeChat itself said that it did not look at
// it; what WeChat answers is believed only when it is whole; and no error or log line holds an address or a text from the
// other side.
//
// All but the trading of login codes takes an access_token, of which a mini-program has one at a time. It is fetched once for
// all calls of a process, and for all replicas where they share what they fetch; and renewed before it ends.
//
// HTTP/1.1 is spoken on purpose: a connection that breaks then takes one code with it and not a hundred.
package wechat
