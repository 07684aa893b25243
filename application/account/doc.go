// Package account lets people look after their own account: see and change what is known of them, their password, the ways
// they sign in, and make one of two accounts that are both theirs.
package account
