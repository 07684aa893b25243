package outbox

// Bound lowers how many events may differ.
func (uc *Verify) Bound(most int) { uc.most = most }
