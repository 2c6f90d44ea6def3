package connect

import "github.com/aether-rpa/aether/node"

// CheckKnown reads the known_hosts file, for tests.
func CheckKnown(s *Settings, env *node.Env) ([]string, error) {
	h, err := s.hostKeys(env)
	if err != nil {
		return nil, err
	}
	return h.algorithms, nil
}
