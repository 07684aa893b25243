package sqlstore

import (
	"bytes"
	"errors"
	"slices"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// sealedRow is what a table holds of a row's encrypted fields: its key, and the columns as columns() names them.
type sealedRow struct {
	key    []domain.ID
	values [][]byte
}

func (t sealedTable) read(from rows) (found []sealedRow, err error) {
	ids, columns := make([]idColumn, len(t.key)), make([][]byte, len(t.columns()))
	var into []any
	for i := range ids {
		into = append(into, &ids[i])
	}
	for i := range columns {
		into = append(into, &columns[i])
	}
	for from.Next() {
		clear(columns)
		if err := from.Scan(into...); err != nil {
			return nil, err
		}
		row := sealedRow{values: slices.Clone(columns)}
		for _, id := range ids {
			row.key = append(row.key, domain.ID(id))
		}
		found = append(found, row)
	}
	return found, nil
}

// fresh returns the columns as they would be written now. It is nil when they are so already.
func (t sealedTable) fresh(cipher ports.Cipher, row sealedRow) ([][]byte, error) {
	want, at := slices.Clone(row.values), 0
	for _, field := range t.fields {
		width := 1
		if field.indexed {
			width = 3
		}
		if row.values[at] != nil {
			if err := freshField(cipher, field, t.place(field, row), want[at:at+width]); err != nil {
				return nil, err
			}
		}
		at += width
	}
	if slices.EqualFunc(want, row.values, func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }) {
		return nil, nil
	}
	return want, nil
}

// place is what a field of a row is bound to.
func (t sealedTable) place(field sealedField, row sealedRow) ports.Field {
	place := ports.Field{Table: t.name, Column: field.column, Row: row.key[len(row.key)-1]}
	if t.owned {
		place.Owner = row.key[0]
	}
	return place
}

// freshField changes the columns of one field: the sealed one and those of its index.
func freshField(cipher ports.Cipher, field sealedField, place ports.Field, columns [][]byte) error {
	plain, unowned, err := openField(cipher, place, columns[0])
	if err != nil {
		return err
	}
	if unowned || !bytes.HasPrefix(columns[0], cipher.KeyPrefix()) {
		if columns[0], err = cipher.Seal(place, plain); err != nil {
			return err
		}
	}
	if !field.indexed {
		return nil
	}
	if field.folded {
		plain = domain.NewSecret(fold(plain.Reveal()))
	}
	found, err := cipher.Indexes(place.Table, place.Column, plain)
	if err != nil {
		return err
	}
	columns[1], columns[2] = found.First, found.Second
	return nil
}

// unreachable tells a cipher that cannot work now from a row that does not open.
func unreachable(err error) bool { return errors.Is(err, domain.ErrUnavailable) }
