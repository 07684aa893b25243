// Package wechatsandbox is a look-alike of api.weixin.qq.com for development and tests: it mints login and phone codes for
// made-up people and trades them the way WeChat does, with WeChat's error codes, texts and odd habits. It issues and kills
// access tokens, checks and resets session keys, encrypts data of people and pushes messages to a server on the same
// machine. It can be told to be slow, broken or hostile.
//
// A Server is an http.Handler. The API lives on WeChat's own paths, the controls under /_sandbox/ and a page for people
// at /. Whoever reaches the controls may log in as any made-up person and script any failure, and the controls ask for no
// password: listen on loopback, or where only tests can reach. No secret and no code shows up in the journal.
//
// Each group of WeChat endpoints has a file of its own and enters the table in routes.
package wechatsandbox
