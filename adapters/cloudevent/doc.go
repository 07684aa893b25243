// Package cloudevent writes events down: which CloudEvents type and subject each has, and the JSON it carries. The shapes are
// a public contract. A JSON Schema for each lies in schemas, one for all that WeChat pushes, and a test holds the two
// together; a change that would break a reader is a new type with a higher version, published beside the old.
//
// It knows nothing of how a message travels: headers belong to the adapter of the stream.
package cloudevent
