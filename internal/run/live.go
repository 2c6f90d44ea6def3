package run

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Who watches a run and what its browser shows meet in one row, whichever processes they are in: a watcher says again
// and again that it is there, and while one is, the robot that executes the run writes frames over each other. Nothing
// of them is kept.

// WatchTime is how long a watcher is counted as one after it said so.
const WatchTime = 6 * time.Second

// staleFrames is how long what was shown last stays when nobody watches any more and no robot took it away.
const staleFrames = time.Minute

// Frame is what the browser of a run shows.
type Frame struct {
	Seq    int64     `json:"seq"` // counts up
	At     time.Time `json:"at"`
	URL    string    `json:"url"`
	Width  int       `json:"width"`
	Height int       `json:"height"`
	JPEG   string    `json:"jpeg"` // in base64
}

// Watch says that somebody watches a run.
func (s *Store) Watch(ctx context.Context, id string) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM {s}live WHERE until < {now} - $1`, staleFrames.Milliseconds()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO {s}live (run, until) VALUES ($1, {now} + $2) ON CONFLICT (run) DO UPDATE SET until = excluded.until`, id, WatchTime.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("watching run %s: %w", id, err)
	}
	return nil
}

// Watched reports whether somebody watches a run, and whether somebody has taken over its browser, or wants to.
func (s *Store) Watched(ctx context.Context, id string) (watched, taken bool, err error) {
	var n, m int
	if err := s.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM {s}live WHERE run = $1 AND until > {now}), (SELECT count(*) FROM {s}hand WHERE run = $1 AND (back <> '' OR seen > {now} - $2))`, id, HandKept.Milliseconds()).Scan(&n, &m); err != nil {
		return false, false, fmt.Errorf("looking who watches run %s: %w", id, err)
	}
	return n > 0, m > 0, nil
}

// Show shows a frame to those who watch a run; one without a picture takes the last away. It reports whether anybody
// watches; if not, nothing stays of what was shown.
func (s *Store) Show(ctx context.Context, id string, f Frame) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE {s}live SET seq = seq + 1, at = $1, url = $2, width = $3, height = $4, frame = $5 WHERE run = $6 AND until > {now}`,
		f.At.UnixMilli(), db.Text(f.URL), f.Width, f.Height, f.JPEG, id)
	if err != nil {
		return false, fmt.Errorf("showing run %s: %w", id, err)
	}
	if n > 0 {
		return true, nil
	}
	_, err = s.db.Exec(ctx, `DELETE FROM {s}live WHERE run = $1 AND until <= {now}`, id)
	return false, err
}

// Shown returns the latest frame of a run if it is another than the one of a number, else nil.
func (s *Store) Shown(ctx context.Context, id string, than int64) (*Frame, error) {
	var f Frame
	var ms int64
	err := s.db.QueryRow(ctx, `SELECT seq, at, url, width, height, frame FROM {s}live WHERE run = $1 AND frame <> '' AND seq <> $2`, id, than).Scan(&f.Seq, &ms, &f.URL, &f.Width, &f.Height, &f.JPEG)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("watching run %s: %w", id, err)
	}
	f.At = time.UnixMilli(ms)
	return &f, nil
}
