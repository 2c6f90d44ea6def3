package api

import "time"

// SetGrace changes how long a body may take to begin with.
func (s *Server) SetGrace(d time.Duration) { s.grace = d }
