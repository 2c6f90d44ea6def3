package browser

import (
	"context"

	"github.com/aether-rpa/aether/session"
)

// viewQuality is the quality of pictures for who watches.
const viewQuality = 50

var _ session.Viewed = (*Session)(nil)

// View implements session.Viewed: it shows the page that nodes work on.
func (s *Session) View(ctx context.Context) (session.View, error) {
	p, err := s.Page()
	if err != nil {
		return session.View{}, err
	}
	return s.ViewOf(ctx, p)
}

// ViewOf is View of one page.
func (s *Session) ViewOf(ctx context.Context, p *Page) (v session.View, err error) {
	v = session.View{URL: CleanURL(p.Frames()[0].URL)}
	if v.JPEG, err = p.Glimpse(ctx, viewQuality); err != nil {
		return session.View{}, err
	}
	v.Width, v.Height, err = p.Window(ctx)
	return v, err
}
