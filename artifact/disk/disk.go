// Package disk is the artifact store in a folder: one file a digest, written
// to a temporary name and renamed, so that a crash leaves no half file under a
// digest.
package disk

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/aether-rpa/aether/artifact"
)

// Store keeps artifacts below a folder, which it makes on the first Put. It
// implements artifact.Store.
type Store struct{ dir string }

// Open returns the store in dir.
func Open(dir string) *Store { return &Store{dir} }

var digestRE = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s *Store) path(digest string) (string, error) {
	if !digestRE.MatchString(digest) {
		return "", fmt.Errorf("%w: %.80q is not a sha256 digest", artifact.ErrNotFound, digest)
	}
	return filepath.Join(s.dir, digest[:2], digest[2:]), nil
}

// Put implements artifact.Store. The content is on disk (fsync) when it
// returns.
func (s *Store) Put(ctx context.Context, write func(io.Writer) error) (digest string, size int64, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", 0, fmt.Errorf("making the artifact folder: %w", err)
	}
	f, err := os.CreateTemp(s.dir, "put-*")
	if err != nil {
		return "", 0, fmt.Errorf("storing an artifact: %w", err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	h := sha256.New()
	n := &counter{}
	buf := bufio.NewWriterSize(io.MultiWriter(f, h, n), 64<<10)
	if err := write(buf); err != nil {
		return "", 0, err
	}
	if err := errors.Join(buf.Flush(), f.Sync(), ctx.Err()); err != nil {
		return "", 0, fmt.Errorf("storing an artifact: %w", err)
	}
	digest = hex.EncodeToString(h.Sum(nil))
	to, err := s.path(digest)
	if err != nil {
		return "", 0, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", 0, fmt.Errorf("storing an artifact: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", 0, fmt.Errorf("storing an artifact: %w", err)
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return "", 0, fmt.Errorf("storing an artifact: %w", err)
	}
	return digest, n.n, nil
}

// Open implements artifact.Store.
func (s *Store) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	p, err := s.path(digest)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is not in %s", artifact.ErrNotFound, digest, s.dir)
	}
	return f, err
}

// Stored returns when a digest was stored last: storing again what is there
// counts. Who deletes what nobody uses looks at it, to spare what somebody has
// just stored and not yet said that it uses.
func (s *Store) Stored(digest string) (time.Time, error) {
	p, err := s.path(digest)
	if err != nil {
		return time.Time{}, err
	}
	info, err := os.Stat(p)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, fmt.Errorf("%w: %s is not in %s", artifact.ErrNotFound, digest, s.dir)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("looking at an artifact: %w", err)
	}
	return info.ModTime(), nil
}

// Delete implements artifact.Store.
func (s *Store) Delete(_ context.Context, digest string) error {
	p, err := s.path(digest)
	if err != nil {
		return err
	}
	if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting an artifact: %w", err)
	}
	return nil
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
