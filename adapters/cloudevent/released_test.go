package cloudevent_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/cloudevent/compat"
)

// release takes the schemas down as released:
//
//	go test ./adapters/cloudevent -run TestSchemasKeepWhatWasReleased -release
//
// It refuses to where a reader would notice. Such a change is a new type with a higher version.
var release = flag.Bool("release", false, "take the schemas down as released, unless that breaks readers")

const releasedFolder = "released"

func TestSchemasKeepWhatWasReleased(t *testing.T) {
	t.Parallel()
	broken, err := compat.Folder(os.DirFS(releasedFolder), cloudevent.Schemas())
	if err != nil {
		t.Fatal(err)
	}
	for name, breaks := range broken {
		for _, found := range breaks {
			t.Errorf("%s breaks its readers at %s", name, found)
		}
	}
	if len(broken) > 0 {
		t.Fatal("publish a new type with a higher version beside the old one")
	}
	if *release {
		takeDown(t)
	}
}

func takeDown(t *testing.T) {
	t.Helper()
	for _, name := range names(t, cloudevent.Schemas()) {
		text, err := fs.ReadFile(cloudevent.Schemas(), name)
		if err == nil {
			err = os.WriteFile(filepath.Join(releasedFolder, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEverySchemaIsTakenDownAsReleased(t *testing.T) {
	t.Parallel()
	taken, there := names(t, os.DirFS(releasedFolder)), names(t, cloudevent.Schemas())
	for _, name := range there {
		if !slices.Contains(taken, name) && !*release {
			t.Errorf("%s is not taken down as released: run this package's tests with -release", name)
		}
	}
}

func names(t *testing.T, folder fs.FS) []string {
	t.Helper()
	found, err := fs.Glob(folder, "*.json")
	if err != nil || len(found) == 0 {
		t.Fatalf("got %d schemas: %v", len(found), err)
	}
	return found
}
