package cloudevent

import (
	"embed"
	"io/fs"
)

//go:embed schemas/*.json
var schemas embed.FS

// Schemas returns the JSON Schemas (draft 2020-12) of the events' data, a file for each type: TypeName + ".json".
func Schemas() fs.FS {
	sub, err := fs.Sub(schemas, "schemas")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}
