package wechatsandbox

import (
	"fmt"
	"time"
)

// maxShift keeps the shifted time within what a rid and JSON can carry.
const maxShift = 10 * 365 * 24 * time.Hour

// ShiftClock sets how far the sandbox's time runs ahead of its clock, or behind when negative. Shifts replace each other,
// they do not add up. More than ten years is refused.
func (s *Server) ShiftClock(d time.Duration) error {
	if d > maxShift || d < -maxShift {
		return fmt.Errorf("shift clock by %s: more than ten years", d)
	}
	s.shift.Store(int64(d))
	return nil
}

func (s *Server) now() time.Time {
	return s.opts.Clock().Add(time.Duration(s.shift.Load()))
}
