package bootstrap_test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// database opens what the program keeps.
func (p *program) database() *sql.DB {
	p.tb.Helper()
	driver, source := "pgx", p.settings["database.url"]
	if source == "" {
		driver, source = "sqlite", "file:"+filepath.Join(p.settings["data_dir"], "menjin.db")+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(func() { _ = db.Close() }) // read from only
	return db
}

func (p *program) tables(db *sql.DB) (names []string) {
	p.tb.Helper()
	list := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if p.settings["database.url"] == "" {
		list = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	rows, err := db.QueryContext(p.tb.Context(), list)
	if err != nil {
		p.tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			p.tb.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil || len(names) < 10 {
		p.tb.Fatalf("tables: got %v (%v), want those of the service", names, err)
	}
	return names
}

// rowsNaming are the rows of every table that hold one of the texts, as text, as bytes or as hexadecimal digits; a UUID counts
// in its binary form too.
func (p *program) rowsNaming(texts ...string) (found []string) {
	p.tb.Helper()
	db := p.database()
	var forms []string
	for _, text := range texts {
		forms = append(forms, strings.ToLower(text), hex.EncodeToString([]byte(text)), strings.ReplaceAll(strings.ToLower(text), "-", ""))
	}
	for _, table := range p.tables(db) {
		for _, row := range p.rows(db, table) {
			if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(row, form) }) {
				found = append(found, table+": "+row)
			}
		}
	}
	return found
}

// rows writes each row in small letters, and what is bytes also as hexadecimal digits.
func (p *program) rows(db *sql.DB, table string) (written []string) {
	p.tb.Helper()
	rows, err := db.QueryContext(p.tb.Context(), "SELECT * FROM "+table)
	if err != nil {
		p.tb.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		p.tb.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			p.tb.Fatal(err)
		}
		var row strings.Builder
		for _, value := range values {
			value = *value.(*any)
			if raw, ok := value.([]byte); ok {
				value = fmt.Sprintf("%s %x", raw, raw)
			}
			fmt.Fprintf(&row, "%v|", value)
		}
		written = append(written, strings.ToLower(row.String()))
	}
	if err := rows.Err(); err != nil {
		p.tb.Fatal(err)
	}
	return written
}
