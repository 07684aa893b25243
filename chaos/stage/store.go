package stage

import "os"

// Store is a folder of which a copy can be taken and brought back, while nobody uses it.
type Store struct {
	Folder string
	copied bool
}

// NewStore makes a store of a folder, which need not exist yet.
func NewStore(folder string) *Store { return &Store{Folder: folder} }

func (s *Store) copyOf() string { return s.Folder + "-copy" }

// HasCopy reports whether there is a copy to bring back.
func (s *Store) HasCopy() bool { return s.copied }

// Copy keeps the store as it is now.
func (s *Store) Copy() error {
	s.copied = true
	return replace(s.copyOf(), s.Folder)
}

// Restore makes the store what it was, and uses the copy up.
func (s *Store) Restore() error {
	s.copied = false
	if err := replace(s.Folder, s.copyOf()); err != nil {
		return err
	}
	return os.RemoveAll(s.copyOf())
}
