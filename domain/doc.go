// Package domain says what Menjin is about: people ([User]), the ways they are recognised ([WeChatIdentity]), the
// stretches of time they stay signed in ([Session]), what happened to them ([Event]) and how a wish can fail ([Error]).
//
// It is pure. Time, ids and randomness come in as arguments; a value exists only when it is valid; nothing here knows of
// SQL, HTTP or JSON. Everything that identifies a person or opens a door is a [Secret], which does not print.
package domain
