package kittest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// published is where the service keeps its JSON Schemas, in the repository that this module is part of.
const published = "../../../adapters/cloudevent/schemas"

const typePushed = "menjin.wechat.v1"

// bodies are what the kit reads each type into.
var bodies = map[string]any{
	menjin.TypeRegistered:      menjin.Registered{},
	menjin.TypeSignedIn:        menjin.SignedIn{},
	menjin.TypeProfileUpdated:  menjin.ProfileUpdated{},
	menjin.TypePasswordChanged: menjin.PasswordChanged{},
	menjin.TypePhoneBound:      menjin.PhoneBound{},
	menjin.TypePhoneUnbound:    menjin.PhoneUnbound{},
	menjin.TypeWeChatLinked:    menjin.WeChatLinked{},
	menjin.TypeWeChatUnlinked:  menjin.WeChatUnlinked{},
	menjin.TypeMerged:          menjin.Merged{},
	menjin.TypeRolesChanged:    menjin.RolesChanged{},
	menjin.TypeLocked:          menjin.Locked{},
	menjin.TypeUnlocked:        menjin.Unlocked{},
	menjin.TypeSessionEnded:    menjin.SessionEnded{},
	menjin.TypeDeleted:         menjin.Deleted{},
	typePushed:                 menjin.WeChatPushed{},
}

type schema struct {
	Required   []string
	Properties map[string]struct{ Type any }
	Examples   []json.RawMessage
}

// schemas is empty where the module was taken without the repository around it.
func schemas(t *testing.T) map[string]schema {
	t.Helper()
	if _, err := os.Stat(published); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	files, err := filepath.Glob(published + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d schemas: %v", len(files), err)
	}
	all := map[string]schema{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var one schema
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = one
	}
	return all
}

func TestKitKnowsEveryTypeThatIsPublished(t *testing.T) {
	t.Parallel()
	all := schemas(t)
	for kind := range all {
		if bodies[kind] == nil {
			t.Errorf("the kit has no body for %s", kind)
		}
	}
	for kind := range bodies {
		if _, found := all[kind]; !found && all != nil {
			t.Errorf("the kit has a body for %s, which is not published", kind)
		}
	}
}

func TestBodiesHaveAFieldForEveryMember(t *testing.T) {
	t.Parallel()
	for kind, published := range schemas(t) {
		body := reflect.TypeOf(bodies[kind])
		var fields []string
		for i := range body.NumField() {
			name, _, _ := strings.Cut(body.Field(i).Tag.Get("json"), ",")
			fields = append(fields, name)
			if _, found := published.Properties[name]; !found {
				t.Errorf("%s: the kit reads %q, which is not in the schema", kind, name)
			}
		}
		for name, property := range published.Properties {
			at := slices.Index(fields, name)
			if at < 0 {
				t.Errorf("%s: the kit has no field for %q", kind, name)
				continue
			}
			if types, several := property.Type.([]any); several && slices.Contains(types, any("null")) && body.Field(at).Type.Kind() != reflect.Pointer {
				t.Errorf("%s: %q may be null, and the kit has %s for it", kind, name, body.Field(at).Type)
			}
		}
	}
}

func TestExamplesAreReadWithoutLoss(t *testing.T) {
	t.Parallel()
	for kind, published := range schemas(t) {
		if len(published.Examples) == 0 {
			t.Errorf("%s has no examples", kind)
		}
		for _, example := range published.Examples {
			body := reflect.New(reflect.TypeOf(bodies[kind]))
			decoder := json.NewDecoder(bytes.NewReader(example))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(body.Interface()); err != nil {
				t.Errorf("%s: read %s: %v", kind, example, err)
				continue
			}
			written, err := json.Marshal(body.Interface())
			if err != nil {
				t.Fatal(err)
			}
			var want, got any
			if json.Unmarshal(example, &want) != nil || json.Unmarshal(written, &got) != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: read and written again: got %s, want %s", kind, written, example)
			}
		}
	}
}
