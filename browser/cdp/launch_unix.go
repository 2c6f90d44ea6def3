//go:build unix

package cdp

import (
	"context"

	"github.com/chromedp/chromedp"

	"github.com/aether-rpa/aether/browser/program"
)

// connect starts the program and returns the way to it.
func connect(p *program.Program) (chromedp.Transport, func(context.Context) (chromedp.Transport, error), error) {
	tr, err := pipes(p)
	return tr, nil, err
}
