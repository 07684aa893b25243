//go:build !linux

package testserver

// FastTemp returns the empty string, which stands for the usual temporary folder.
func FastTemp() string { return "" }
