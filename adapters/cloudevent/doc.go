// Package cloudevent writes events down: which CloudEvents type and subject each has, and the JSON it carries. The shapes are
// a public contract. A JSON Schema for each lies in schemas, one for all that WeChat pushes, and a test holds the two
// together; a change that would break a reader is a new type with a higher version, published beside the old. What was released
// lies in the folder released: a test fails when a schema takes back what it promised there, and after an allowed change
//
//	go test ./adapters/cloudevent -run TestSchemasKeepWhatWasReleased -release
//
// takes the schemas down anew. Where each type is published is told by an AsyncAPI document, which is made from the schemas.
//
// It knows nothing of how a message travels: headers belong to the adapter of the stream.
package cloudevent
