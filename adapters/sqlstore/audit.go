package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	insertAudit = `INSERT INTO audit_log (id, at, actor, action, target, detail, ip, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

	pseudonymise = `UPDATE audit_log SET actor = CASE WHEN actor = $1 THEN $2 ELSE actor END,
	target = CASE WHEN target = $1 THEN $2 ELSE target END,
	detail = CASE WHEN target <> $1 THEN detail ELSE '' END, ip = '', request_id = ''
WHERE actor = $1 OR target = $1`

	selectAudit = `SELECT id, at, actor, action, target, detail, ip, request_id FROM audit_log`
)

// auditAppender is ports.AuditLog within a transaction.
type auditAppender struct{ unit *unit }

func (a auditAppender) Append(ctx context.Context, entry domain.AuditEntry) error {
	return a.unit.do("append audit entry", func() error {
		return a.unit.to.exec(ctx, insertAudit, a.unit.db.auditRow(entry)...)
	})
}

// note appends an entry in a transaction of Bun's.
func (db *DB) note(ctx context.Context, tx bun.Tx, entry domain.AuditEntry) error {
	if _, err := tx.Tx.ExecContext(ctx, insertAudit, db.auditRow(entry)...); err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	return nil
}

func (db *DB) auditRow(entry domain.AuditEntry) []any {
	return []any{
		db.id(entry.ID), db.instant(entry.At), db.idOrNull(entry.Actor.UserID.ID), string(entry.Action),
		db.idOrNull(entry.Target.ID), entry.Detail, entry.IP, entry.RequestID,
	}
}

func (a auditAppender) Pseudonymise(ctx context.Context, user, pseudonym domain.UserID) error {
	return a.unit.do("pseudonymise audit log", func() error {
		return a.unit.to.exec(ctx, pseudonymise, a.unit.db.id(user.ID), a.unit.db.id(pseudonym.ID))
	})
}

// Audit is the audit log as it is read and swept.
type Audit struct{ db *DB }

var (
	_ ports.AuditReader  = (*Audit)(nil)
	_ ports.AuditArchive = (*Audit)(nil)
)

// NewAudit reads the audit log of db.
func NewAudit(db *DB) *Audit { return &Audit{db} }

// Entries is ports.AuditReader's. Newer entries are those with the higher id.
func (a *Audit) Entries(
	ctx context.Context, filter ports.AuditFilter, before domain.ID, limit int,
) (entries []domain.AuditEntry, err error) {
	statement, args := a.db.auditPage(filter, before, limit)
	err = a.db.query(ctx, func(found rows) error {
		entries, err = readAudit(found)
		return err
	}, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return entries, nil
}

func (db *DB) auditPage(filter ports.AuditFilter, before domain.ID, limit int) (statement string, args []any) {
	var asked conditions
	if !before.IsZero() {
		asked.add("id <", db.id(before))
	}
	if !filter.Actor.IsZero() {
		asked.add("actor =", db.id(filter.Actor.ID))
	}
	if !filter.Target.IsZero() {
		asked.add("target =", db.id(filter.Target.ID))
	}
	if filter.Action != "" {
		asked.add("action =", string(filter.Action))
	}
	statement = selectAudit + asked.where() + " ORDER BY id DESC LIMIT " + asked.arg(limit)
	return statement, asked.args
}

func readAudit(from rows) (entries []domain.AuditEntry, err error) {
	for from.Next() {
		var entry domain.AuditEntry
		var id, actor, target idColumn
		var at timeColumn
		var action string
		if err := from.Scan(&id, &at, &actor, &action, &target, &entry.Detail, &entry.IP, &entry.RequestID); err != nil {
			return nil, err
		}
		entry.ID, entry.At, entry.Action = domain.ID(id), time.Time(at), domain.AuditAction(action)
		entry.Actor.UserID.ID, entry.Target.ID = domain.ID(actor), domain.ID(target)
		entries = append(entries, entry)
	}
	return entries, nil
}

// Sweep is ports.AuditArchive's.
func (a *Audit) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	count, err := a.db.sweep(ctx, "audit_log", "id", "at < $1 ORDER BY at LIMIT $2", a.db.instant(before), limit)
	if err != nil {
		return 0, fmt.Errorf("sweep audit log: %w", err)
	}
	return count, nil
}
