package sqlstore

import (
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// seal encrypts a field of a row; nothing becomes null.
func seal(cipher ports.Cipher, table, column string, row domain.ID, plain domain.Secret) (any, error) {
	return sealField(cipher, ports.Field{Table: table, Column: column, Row: row}, plain)
}

func sealField(cipher ports.Cipher, field ports.Field, plain domain.Secret) (any, error) {
	if plain.IsZero() {
		return nil, nil
	}
	sealed, err := cipher.Seal(field, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", field.Table, field.Column, err)
	}
	return sealed, nil
}

// open decrypts what seal stored.
func open(cipher ports.Cipher, table, column string, row domain.ID, sealed []byte) (domain.Secret, error) {
	plain, _, err := openField(cipher, ports.Field{Table: table, Column: column, Row: row}, sealed)
	return plain, err
}

// openField decrypts what sealField stored. Releases before bound no field to an owner: what they sealed still opens, is told by
// unowned, and is to be sealed anew, as its row could have been given to another. Nothing is sealed so any more.
func openField(cipher ports.Cipher, field ports.Field, sealed []byte) (plain domain.Secret, unowned bool, err error) {
	if sealed == nil {
		return plain, false, nil
	}
	plain, err = cipher.Open(field, sealed)
	if err != nil && !field.Owner.IsZero() && !unreachable(err) {
		field.Owner, unowned = domain.ID{}, true
		plain, err = cipher.Open(field, sealed)
	}
	if err != nil {
		return domain.Secret{}, false, fmt.Errorf("open %s.%s: %w", field.Table, field.Column, err)
	}
	return plain, unowned, nil
}

// identityField is where a column of an identity is sealed.
func identityField(column string, row domain.ID, owner domain.UserID) ports.Field {
	return ports.Field{Table: "identities", Column: column, Row: row, Owner: owner.ID}
}

// indexColumns are the index columns of a sealed field, as arguments of statements.
type indexColumns struct {
	first, second any
	bySecond      bool
}

// lookup chooses what finds the value, and returns what it is to be compared with.
func (c indexColumns) lookup(byFirst, bySecond string) (comparison string, digest any) {
	if c.bySecond {
		return bySecond, c.second
	}
	return byFirst, c.first
}

// indexes makes the digests by which a sealed field is found; nothing becomes null.
func indexes(cipher ports.Cipher, table, column string, plain domain.Secret) (columns indexColumns, err error) {
	if plain.IsZero() {
		return columns, nil
	}
	found, err := cipher.Indexes(table, column, plain)
	if err != nil {
		return columns, fmt.Errorf("index %s.%s: %w", table, column, err)
	}
	columns.first, columns.bySecond = found.First, found.BySecond
	if found.Second != nil {
		columns.second = found.Second
	}
	return columns, nil
}
