// Package check has no code: its tests hold the files of deployments against the programs that read them. It is a module of its
// own, so that none of those programs becomes a dependency of the service.
package check
