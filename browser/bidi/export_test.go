package bidi

import (
	"context"

	"github.com/aether-rpa/aether/browser"
)

// Address is where a browser that was started can be attached to.
func Address(b browser.Browser) string { return b.(*instance).at }

// Leave ends the session of a browser, which goes on.
func Leave(b browser.Browser) {
	i := b.(*instance)
	_ = i.c.call(context.Background(), "session.end", nil, nil)
	i.c.close()
}
