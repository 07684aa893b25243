package outbox

// Signal wakes the relay of the same process. A signal given while one is pending is the same signal.
type Signal chan struct{}

// NewSignal makes a signal that nobody has given yet.
func NewSignal() Signal { return make(Signal, 1) }

// Give never blocks.
func (s Signal) Give() {
	select {
	case s <- struct{}{}:
	default:
	}
}
