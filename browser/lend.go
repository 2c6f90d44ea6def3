package browser

// Lend lets a person work in the pages: their messages are left to the person until the returned function is called,
// and then answered as the flow says again.
func (s *Session) Lend() (back func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent = true
	for _, p := range s.pages() {
		p.Answer(s.answers())
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lent = false
		for _, p := range s.pages() {
			p.Answer(s.answers())
		}
	}
}

// answers says how the messages of pages are answered now.
func (s *Session) answers() DialogPolicy {
	if s.lent {
		return DialogPolicy{Leave: true}
	}
	return s.policy
}

// Worked says that a person has worked in the pages: nothing that was known of them holds any more, and the state is
// recorded.
func (s *Session) Worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty, s.jar.heard = true, nil
	for _, p := range s.pages() {
		p.fresh.Store(nil)
	}
}
