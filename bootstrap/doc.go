// Package bootstrap joins the rings: it reads the configuration, builds every part by the injector of wire.go, starts them in
// order and stops them in the reverse one. It is the only place that sees them all. Its commands are the program's face.
package bootstrap

//go:generate go tool -modfile=../tools/go.mod wire .
