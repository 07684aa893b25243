package httpapi

import (
	"strconv"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/domain"
)

const (
	usualPage   = 20
	largestPage = 100
)

// page is the part of a list that a caller asks for.
type page struct {
	cursor domain.ID // zero: from the start
	limit  int
}

func pageOf(cursor, limit *string) (page, error) {
	asked := page{limit: usualPage}
	if cursor != nil {
		var err error
		if asked.cursor, err = idOf("cursor", *cursor, domain.ParseID); err != nil {
			return page{}, err
		}
	}
	if limit == nil {
		return asked, nil
	}
	var err error
	asked.limit, err = strconv.Atoi(*limit)
	switch {
	case err != nil:
		return page{}, invalid("limit", "type", text{"类型应为 integer", "must be of type integer"})
	case asked.limit < 1:
		return page{}, invalid("limit", "min", text{"至少为 1", "must be at least 1"})
	case asked.limit > largestPage:
		return page{}, invalid("limit", "max", text{"至多为 100", "must be at most 100"})
	}
	return asked, nil
}

// cut shortens a list that was asked for with one item more than the page holds, and returns the cursor of the next page, null
// when there is none.
func cut[T any](items []T, limit int, id func(T) string) ([]T, nullable.Nullable[string]) {
	if len(items) <= limit {
		return items, missing
	}
	items = items[:limit]
	return items, optional(id(items[limit-1]))
}

// idOf reads an id of a path, a query or a body.
func idOf[T any](field, text string, parse func(string) (T, error)) (T, error) {
	id, err := parse(text)
	if err != nil {
		return id, invalid(field, "format", notAnID)
	}
	return id, nil
}

// givenID reads an optional id, and is the zero value when it was left out.
func givenID(field string, text *string) (domain.UserID, error) {
	return given(text, func(text string) (domain.UserID, error) { return idOf(field, text, domain.ParseUserID) })
}

var notAnID = text{"不是有效的编号", "is not an id"}

// invalid is the error of one value that no handler can work with.
func invalid(field, rule string, words text) error {
	return &invalidBody{[]fault{{field, rule, words}}}
}
