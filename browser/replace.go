package browser

import (
	"context"
	"errors"
	"time"
)

// hungTime is how long a page may take to answer before another takes its place.
const hungTime = 5 * time.Second

// Visit opens an address in a page. A page that has crashed, or whose scripts never end, gives its place to a new one:
// its own process could not show anything else.
func (s *Session) Visit(ctx context.Context, p *Page, url string, l Load) (Arrival, error) {
	first, cancel := context.WithCancel(ctx)
	defer cancel()
	hung := make(chan bool, 1)
	go func() {
		short, end := context.WithTimeout(first, hungTime)
		defer end()
		var one int
		err := p.Eval(short, p.main(), "1", &one)
		dead := err != nil && first.Err() == nil && !errors.Is(err, ErrNavigated) && short.Err() != nil
		hung <- dead
		if dead {
			cancel()
		}
	}()
	a, err := p.Goto(first, url, l)
	if err == nil {
		return a, nil
	}
	var f *Failure
	crashed := errors.As(err, &f) && f.Kind == Crashed
	cancel()
	if !crashed && !<-hung || ctx.Err() != nil || s.Dead() {
		return a, err
	}
	next, newErr := s.NewPage(ctx)
	if newErr != nil {
		return a, errors.Join(err, newErr)
	}
	short, end := context.WithTimeout(ctx, time.Second)
	_ = p.Close(short) // one that does not answer goes with the session at the latest
	end()
	return next.Goto(ctx, url, l)
}
