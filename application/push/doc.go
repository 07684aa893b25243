// Package push takes in what WeChat pushes to the server of a mini-program. Three events oblige to something: consent that was
// withdrawn, a profile that WeChat cleaned, a WeChat account that is no more. All others go on to whoever follows the events.
package push
