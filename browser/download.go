package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Begin does what begins a download, and returns the download that it began. One download of a session begins at a
// time, so that it is known which action began it. While it waits it asks hopeless now and then, whose error ends it.
func (s *Session) Begin(ctx context.Context, action, hopeless func(context.Context) error) (Download, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return Download{}, ctx.Err()
	}
	defer func() { <-s.turn }()
	had := len(s.ctx.Downloads())
	if err := action(ctx); err != nil {
		return Download{}, err
	}
	for {
		short, cancel := context.WithTimeout(ctx, slice)
		d, err := s.download(short, func(all []Download) (Download, bool) {
			if len(all) > had {
				return all[had], true
			}
			return Download{}, false
		})
		cancel()
		if f := (*Failure)(nil); !errors.As(err, &f) || f.Kind != Waited || ctx.Err() != nil {
			return d, err
		}
		if err := hopeless(ctx); err != nil {
			return d, err
		}
	}
}

// Finished waits until a download has ended, well or not.
func (s *Session) Finished(ctx context.Context, id string) (Download, error) {
	return s.download(ctx, func(all []Download) (Download, bool) {
		i := slices.IndexFunc(all, func(d Download) bool { return d.ID == id })
		if i < 0 {
			return Download{}, false
		}
		return all[i], all[i].State != "running"
	})
}

func (s *Session) download(ctx context.Context, found func([]Download) (Download, bool)) (Download, error) {
	for {
		changed := s.ctx.Changed()
		d, ok := found(s.ctx.Downloads())
		if ok {
			return d, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return d, &Failure{Kind: Waited, Action: "download", Acted: true}
			}
			return d, ctx.Err()
		case <-s.browser.Done():
			return d, &Failure{Kind: Gone, Action: "download", Acted: true}
		}
	}
}

// Save writes what was downloaded.
func (s *Session) Save(d Download, w io.Writer) error {
	f, err := os.Open(d.Path)
	if err != nil {
		return fmt.Errorf("opening what was downloaded: %w", err)
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Rename gives a download in the session's folder a name, in a folder of its own, and returns its path.
func (s *Session) Rename(d Download, name string) (string, error) {
	dir := d.Path + ".d"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keeping what was downloaded: %w", err)
	}
	path := filepath.Join(dir, name)
	if err := os.Rename(d.Path, path); err != nil {
		return "", fmt.Errorf("keeping what was downloaded: %w", err)
	}
	return path, nil
}

// Drop removes a download from the session's folder.
func (s *Session) Drop(d Download) error {
	if err := os.Remove(d.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing what was downloaded: %w", err)
	}
	return nil
}

// Fetch opens an address in a page of its own to download it: what a page would show, such as a PDF, is downloaded,
// too. It returns where the address led.
func (s *Session) Fetch(ctx context.Context, url string) (Arrival, error) {
	t, err := s.ctx.NewTab(ctx)
	if err != nil {
		return Arrival{}, err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_ = t.Close(ctx) // a page that is gone is closed
		if p, err := s.Page(); err == nil {
			_ = p.Front(ctx) // a page that lies behind another draws nothing
		}
	}()
	if err := t.SaveDocuments(ctx); err != nil {
		return Arrival{}, err
	}
	a, err := NewPage(t).Goto(ctx, url, Loaded)
	if errors.Is(err, ErrNoPage) { // it has become a download, or there is none
		return Arrival{URL: url, Download: true}, nil
	}
	return a, err
}
