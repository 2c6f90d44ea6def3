package screen

import (
	"context"

	"github.com/aether-rpa/aether/browser"
)

// See returns the tab in front and what there is besides its picture, for who takes the pictures elsewhere.
func (s *Screen) See(ctx context.Context) (browser.Tab, State, error) {
	t, err := s.tab()
	if err != nil {
		return nil, State{}, err
	}
	return t, s.state(ctx, t), nil
}
