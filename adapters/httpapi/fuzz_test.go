package httpapi

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/oapi-codegen/runtime"
)

// FuzzLoginBody holds the decoder against encoding/json: what it accepts is JSON and means the same there, and whatever
// passes the schema can be bound.
func FuzzLoginBody(f *testing.F) {
	for _, seed := range []string{
		`{"code":"c"}`, `{"code":"c","app_id":"wx","device":{"id":"1","model":"m"}}`, `{"code":"a","code":"b"}`, `[]`, `null`, `{`,
		`{"code":"\ud800"}`, `{"code":"c","x":1e400}`, `[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]`, "\xff", `{"CODE":1,"code":"c"}`, ` 1 2`,
	} {
		f.Add([]byte(seed))
	}
	contract, err := loadContract("")
	if err != nil {
		f.Fatal(err)
	}
	login := contract.operations["POST /api/login"]
	f.Fuzz(func(t *testing.T, body []byte) {
		value, err := decodeJSON(body)
		if err != nil {
			return
		}
		if again := standard(t, body); !reflect.DeepEqual(value, again) {
			t.Fatalf("%q is %#v, and %#v to encoding/json", body, value, again)
		}
		if login.check(value) != nil {
			return
		}
		var request LoginJSONRequestBody
		if err := runtime.BindJSONValue(value, &request); err != nil {
			t.Fatalf("%q passes the schema and cannot be bound: %v", body, err)
		}
		if request.Code == "" || len(request.Code) > 128 {
			t.Fatalf("%q passes with code %q", body, request.Code)
		}
	})
}

func standard(t *testing.T, body []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil || !json.Valid(body) {
		t.Fatalf("%q is accepted and no JSON: %v", body, err)
	}
	return value
}
