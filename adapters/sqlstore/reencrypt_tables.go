package sqlstore

import (
	"fmt"
	"slices"
	"strings"
)

// sealedTable is a table whose rows have encrypted fields. A ciphertext is bound to the last column of the key and, where the
// table is owned, to the first, which names the owner.
type sealedTable struct {
	name   string
	key    []string
	owned  bool
	fields []sealedField
}

// sealedField is an encrypted field: <column>_sealed and, where it is indexed, <column>_index and <column>_index_next.
type sealedField struct {
	column  string
	indexed bool
	folded  bool // before it is digested
}

var sealedTables = []sealedTable{
	{"users", []string{"id"}, false, []sealedField{{column: "email", indexed: true, folded: true}, {column: "phone", indexed: true}}},
	{"identities", []string{"user_id", "id"}, true, []sealedField{{column: "openid", indexed: true}, {column: "unionid", indexed: true}}},
	{"signing_keys", []string{"id"}, false, []sealedField{{column: "pem"}}},
	{"sessions", []string{"user_id", "id"}, false, []sealedField{{column: "session_key"}}},
}

// columns are what is read of a row, and what is written.
func (t sealedTable) columns() (names []string) {
	for _, field := range t.fields {
		names = append(names, field.column+"_sealed")
		if field.indexed {
			names = append(names, field.column+"_index", field.column+"_index_next")
		}
	}
	return names
}

// page is the statement that reads the rows after a key.
func (t sealedTable) page() string {
	key := strings.Join(t.key, ", ")
	var after []string
	for i := range t.key {
		after = append(after, fmt.Sprintf("$%d", i+1))
	}
	return fmt.Sprintf("SELECT %s, %s FROM %s WHERE (%s) > (%s) ORDER BY %s LIMIT $%d",
		key, strings.Join(t.columns(), ", "), t.name, key, strings.Join(after, ", "), key, len(t.key)+1)
}

// replace is the statement that writes one row, unless it is not as it was read.
func (t sealedTable) replace() string {
	var where, set []string
	place := 0
	next := func() int { place++; return place }
	for _, name := range t.key {
		where = append(where, fmt.Sprintf("%s = $%d", name, next()))
	}
	for _, name := range t.columns() {
		where = append(where, fmt.Sprintf("%s IS $%d", name, next()))
	}
	for _, name := range t.columns() {
		set = append(set, fmt.Sprintf("%s = $%d", name, next()))
	}
	return fmt.Sprintf("UPDATE %s SET %s WHERE %s", t.name, strings.Join(set, ", "), strings.Join(where, " AND "))
}

// replaceAll is the same for many rows at once, on PostgreSQL, whose arguments are arrays. It waits for nobody, so that it can
// be part of no deadlock: rows that others hold are left out. The first and the last key, which come last, keep the planner from
// reading the whole table.
func (t sealedTable) replaceAll() string {
	var arrays, names, onKey, locked, same, set []string
	add := func(name, kind string) {
		arrays = append(arrays, fmt.Sprintf("$%d%s", len(arrays)+1, kind))
		names = append(names, name)
	}
	for _, name := range t.key {
		add(name, "::text[]::uuid[]")
		onKey = append(onKey, fmt.Sprintf("t.%s = v.%[1]s", name))
		locked = append(locked, fmt.Sprintf("free.%s = v.%[1]s", name))
	}
	for _, name := range t.columns() {
		add("old_"+name, "::bytea[]")
		same = append(same, fmt.Sprintf("t.%s IS NOT DISTINCT FROM v.old_%[1]s", name))
	}
	for _, name := range t.columns() {
		add("new_"+name, "::bytea[]")
		set = append(set, fmt.Sprintf("%s = v.new_%[1]s", name))
	}
	var least, most []string
	for i := range t.key {
		least = append(least, fmt.Sprintf("$%d::uuid", len(arrays)+i+1))
		most = append(most, fmt.Sprintf("$%d::uuid", len(arrays)+len(t.key)+i+1))
	}
	key := "t." + strings.Join(t.key, ", t.")
	within := fmt.Sprintf("(%s) BETWEEN (%s) AND (%s)", key, strings.Join(least, ", "), strings.Join(most, ", "))
	return fmt.Sprintf(`WITH v AS (SELECT * FROM unnest(%s) AS v (%s)),
free AS (SELECT %s FROM %s t JOIN v ON %s WHERE %s FOR UPDATE OF t SKIP LOCKED)
UPDATE %s t SET %s FROM v JOIN free ON %s WHERE %s`,
		strings.Join(arrays, ", "), strings.Join(names, ", "),
		key, t.name, strings.Join(onKey, " AND "), within,
		t.name, strings.Join(set, ", "), strings.Join(locked, " AND "),
		strings.Join(slices.Concat([]string{within}, onKey, same), " AND "))
}

// tableNamed returns a table and its place; the first for the empty name.
func tableNamed(name string) (int, bool) {
	if name == "" {
		return 0, true
	}
	i := slices.IndexFunc(sealedTables, func(t sealedTable) bool { return t.name == name })
	return i, i >= 0
}
