// Package session watches over the time between sign-in and sign-out: it checks the caller of each request, ends sessions
// at the wish of their owner, and makes sure that an ending which was announced has happened.
package session
