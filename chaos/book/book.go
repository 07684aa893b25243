// Package book keeps what writers know of their own changes, apart from the outbox, and judges by it what the stream holds.
package book

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/menjin-id/menjin/domain"
)

// Entry is a change of a user that was tried: the event it makes, and the version it gives the user.
type Entry struct {
	User    domain.UserID
	Version int64
	Event   domain.EventID
}

// Outcome is what a writer was told of a try. None is written down for one whose outcome nobody told.
type Outcome byte

// The outcomes.
const (
	Committed  Outcome = 'c'
	RolledBack Outcome = 'r'
)

// tried is in front of the line of an entry.
const tried = 'a'

// Book is a file of lines, each written at once, so that a killed process has told all it knew. It is safe for concurrent
// use.
type Book struct {
	mu   sync.Mutex
	file *os.File
}

// Open opens a book to go on with, or a new one. Whoever opens it closes it.
func Open(path string) (*Book, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	return &Book{file: file}, nil
}

// Close closes the file.
func (b *Book) Close() error { return b.file.Close() }

// Try writes entries down before their transaction is committed.
func (b *Book) Try(entries []Entry) error {
	var text strings.Builder
	for _, entry := range entries {
		fmt.Fprintf(&text, "%c %s %s %d\n", tried, entry.Event, entry.User, entry.Version)
	}
	return b.write(text.String())
}

// Settle writes down what became of entries.
func (b *Book) Settle(outcome Outcome, entries []Entry) error {
	var text strings.Builder
	for _, entry := range entries {
		fmt.Fprintf(&text, "%c %s\n", outcome, entry.Event)
	}
	return b.write(text.String())
}

func (b *Book) write(text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.file.WriteString(text); err != nil {
		return fmt.Errorf("write book: %w", err)
	}
	return nil
}

// Record is a book as it was read.
type Record struct {
	Tried    map[domain.EventID]Entry
	Outcomes map[domain.EventID]Outcome
}

// Read reads a book. The last line of a killed writer may be cut off, and is passed over.
func Read(path string) (*Record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read book: %w", err)
	}
	defer file.Close()
	record := &Record{Tried: map[domain.EventID]Entry{}, Outcomes: map[domain.EventID]Outcome{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		record.add(lines.Text())
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read book: %w", err)
	}
	return record, nil
}

func (r *Record) add(line string) {
	var (
		kind        byte
		event, user string
		version     int64
	)
	count, _ := fmt.Sscanf(line, "%c %s %s %d", &kind, &event, &user, &version) // what is missing is counted
	id, err := domain.ParseEventID(event)
	if err != nil {
		return
	}
	if kind != tried {
		r.Outcomes[id] = Outcome(kind)
		return
	}
	owner, err := domain.ParseUserID(user)
	if err == nil && count == 4 {
		r.Tried[id] = Entry{User: owner, Version: version, Event: id}
	}
}

// Users returns everybody whom an entry speaks of.
func (r *Record) Users() []domain.UserID {
	var users []domain.UserID
	seen := map[domain.UserID]bool{}
	for _, entry := range r.Tried {
		if !seen[entry.User] {
			seen[entry.User] = true
			users = append(users, entry.User)
		}
	}
	return users
}
