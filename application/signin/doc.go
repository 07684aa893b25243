// Package signin lets people in. Each way to sign in is a use case of its own; what they share, opening the session and
// issuing its tokens, is [Opener].
package signin
