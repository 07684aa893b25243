// Package floor is the least program that does the work of the service's hot routes: Echo, go-redis, pgx and golang-jwt with
// nothing around them. No middleware, no log, no encryption, no events on their way, no errors worth reading: it is what a
// machine allows, and the measure of the service, not an example.
package floor
