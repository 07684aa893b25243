package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/menjin-id/menjin/domain"
)

// invalidBody is a body that is JSON and not what the contract wants.
type invalidBody struct{ faults []fault }

func (e *invalidBody) Error() string { return domain.ErrInvalidArgument.Text }

// fault is a violation in every language. Its text names limits and never the value, which a validator's own would quote.
type fault struct {
	field, rule string
	text        text
}

// check returns *invalidBody for a value that the contract refuses.
func (op *operation) check(value any) error {
	err := op.body.Validate(value)
	refused := (*jsonschema.ValidationError)(nil)
	if err == nil || !errors.As(err, &refused) {
		return err
	}
	faults := collect(nil, refused)
	slices.SortFunc(faults, func(a, b fault) int {
		return cmp.Or(strings.Compare(a.field, b.field), strings.Compare(a.rule, b.rule))
	})
	return &invalidBody{faults}
}

func collect(faults []fault, err *jsonschema.ValidationError) []fault {
	if len(err.Causes) == 0 {
		return append(faults, faultsOf(err)...)
	}
	for _, cause := range err.Causes {
		faults = collect(faults, cause)
	}
	return faults
}

func faultsOf(err *jsonschema.ValidationError) []fault {
	field := strings.Join(err.InstanceLocation, ".")
	if missing, ok := err.ErrorKind.(*kind.Required); ok {
		faults := make([]fault, 0, len(missing.Missing))
		for _, name := range missing.Missing {
			path := append(slices.Clone(err.InstanceLocation), name)
			faults = append(faults, fault{strings.Join(path, "."), "required", rules["required"]})
		}
		return faults
	}
	rule, words := describe(err.ErrorKind)
	return []fault{{field, rule, words}}
}

// describe says which rule of [domain.Violation] a keyword of JSON Schema stands for.
func describe(broken jsonschema.ErrorKind) (rule string, words text) {
	switch broken := broken.(type) {
	case *kind.Type:
		want := strings.Join(broken.Want, " or ")
		return "type", text{"类型应为 " + strings.Join(broken.Want, " 或 "), "must be of type " + want}
	case *kind.MinLength:
		if broken.Want == 1 {
			return "min", text{"不能为空", "must not be empty"}
		}
		return "min", limit("至少 %d 个字符", "must have at least %d characters", broken.Want)
	case *kind.MaxLength:
		return "max", limit("最多 %d 个字符", "must have at most %d characters", broken.Want)
	case *kind.MinItems:
		return "min", limit("至少 %d 项", "must have at least %d items", broken.Want)
	case *kind.MaxItems:
		return "max", limit("最多 %d 项", "must have at most %d items", broken.Want)
	case *kind.Minimum, *kind.ExclusiveMinimum, *kind.MinProperties:
		return "min", rules["min"]
	case *kind.Maximum, *kind.ExclusiveMaximum, *kind.MaxProperties:
		return "max", rules["max"]
	case *kind.Enum, *kind.Const:
		return "enum", rules["enum"]
	case *kind.AdditionalProperties, *kind.FalseSchema:
		return "unknown", rules["unknown"]
	default:
		return "format", rules["format"]
	}
}

func limit(zh, en string, want int) text { return text{fmt.Sprintf(zh, want), fmt.Sprintf(en, want)} }

// faultOf puts a violation that the domain found into every language.
func faultOf(v domain.Violation) fault {
	words, found := fieldRules[v.Field+" "+v.Rule]
	if !found {
		words = rules[v.Rule]
	}
	if v.Text != "" {
		words.en = v.Text
	}
	return fault{v.Field, v.Rule, words}
}
