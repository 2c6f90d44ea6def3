package secret

// AtEachStep has fn called at each step of a rotation.
func (s *Store) AtEachStep(fn func(step string)) { s.at = fn }
