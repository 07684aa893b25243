package testserver

// Restartable is a server that may be stopped or killed, and started again. Its zero value is down. It is not for concurrent use.
type Restartable struct {
	process *Process // nil while it is down
}

// Start does nothing while the server is up. Otherwise it runs it and returns once ready reports success, or as Run does an error
// with the end of its log.
func (r *Restartable) Start(spec Spec, ready func() error) (err error) {
	if r.process == nil {
		r.process, err = Run(spec, ready)
	}
	return err
}

// Up reports whether the server was started, and neither stopped nor killed since.
func (r *Restartable) Up() bool { return r.process != nil }

// Process is what runs, or nil while the server is down.
func (r *Restartable) Process() *Process { return r.process }

// Stop ends the server in order, if it is up.
func (r *Restartable) Stop() { r.end((*Process).Stop) }

// Kill ends the server as a crash would, if it is up.
func (r *Restartable) Kill() { r.end((*Process).Kill) }

func (r *Restartable) end(how func(*Process)) {
	if r.process != nil {
		how(r.process)
		r.process = nil
	}
}
