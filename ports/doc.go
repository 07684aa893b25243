// Package ports holds the interfaces through which the use cases reach the world. Each is owned by the use cases that need
// it: small, named for its role, its documentation the contract. Package portstest holds a suite for each, which every
// implementation passes, the in-memory fakes first; an adapter of your own proves itself by calling the same suite.
//
// Unless a method says otherwise, an error that is no *domain.Error is internal, and an adapter that cannot reach what it
// stands for returns an error that matches domain.ErrUnavailable. All times are UTC with microseconds.
package ports
