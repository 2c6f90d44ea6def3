package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/demo"
	"github.com/aether-rpa/aether/internal/egress"
	"github.com/aether-rpa/aether/internal/orch"
)

// Demo returns what is offered to who has just begun. Needs is a label that only the robot of this process has.
func (s *System) Demo(needs string) *orch.Demo {
	return &orch.Demo{Orch: s.Orch, Site: &demo.Site{}, Needs: needs, Missing: s.browserMissing, Reach: s.mayReach}
}

// browserMissing says why no browser can be started here.
func (s *System) browserMissing() error {
	path := s.Config.Browser.Path
	if path == "" {
		_, err := cdp.Find()
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("browser.path names %s, which is not there", path)
	}
	return nil
}

// mayReach says why flows may not reach an address. That nothing answers there is no reason.
func (s *System) mayReach(ctx context.Context, addr string) error {
	conn, err := egress.Dialer(s.egress())(ctx, "tcp", addr)
	if err == nil {
		return conn.Close()
	}
	var denied *egress.DeniedError
	if errors.As(err, &denied) {
		return denied
	}
	return nil
}
