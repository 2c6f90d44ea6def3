package run

// Query is the query of List.
func (s *Store) Query(f Filter) (string, []any) { return s.query(f) }
