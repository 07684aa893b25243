// Package personal handles what identifies people, and what they may ask of whoever keeps it: the telephone number and the
// profile that WeChat hands over, a copy of everything that is kept of them, and their deletion.
package personal
