// Package metrics shows how the service does, in Prometheus' format. Each adapter defines the metrics of what it does and hands
// them over as collectors; this package keeps them together, serves them, and adds what belongs to no adapter: the build, the
// process, and the outbox as it stands.
//
// Names begin with menjin_. Labels take values that the program or its configuration fixes, never what a client can make up,
// and nothing that points to a person.
package metrics
