// Package passwords hashes passwords with argon2id (RFC 9106), and keeps the result as a PHC string, which names the parameters
// it was made with. It is ports.PasswordHasher.
//
// A hash takes 19 MiB and some 20 ms of a core. No more are at work than there are cores, the others wait in a queue of bounded
// length, so a burst of guesses costs time and never memory: with 64 callers at once on two cores the process grows by
// 100 MiB, which is some 50 MiB a core, for the hashes at work and those that the garbage collector has yet to take. A kept hash
// may ask for up to 256 MiB, so that hashes made elsewhere can be brought along; those need as much more.
package passwords
