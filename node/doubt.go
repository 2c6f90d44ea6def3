package node

// DoubtError is the failure of a node that is in doubt what to act on, and has not acted. A person may settle that: unless
// the flow deals with failures itself, the run waits for a person, who lets the node look again or fail. The hint of the
// failure says what to do before it looks again.
type DoubtError struct{ *Failure }

// Unwrap gives the failure.
func (e *DoubtError) Unwrap() error { return e.Failure }
