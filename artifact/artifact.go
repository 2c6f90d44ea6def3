// Package artifact stores the files and large values of runs by the hash of
// their content. A digest is written once and never changes; equal content is
// stored once.
package artifact

import (
	"context"
	"errors"
	"io"
)

// ErrNotFound is returned for a digest that the store does not hold.
var ErrNotFound = errors.New("artifact not found")

// Store keeps content by digest (sha256, lower-case hex). Implementations are
// safe for concurrent use.
type Store interface {
	// Put stores what write produces and returns its digest and size. If write
	// or the store fails nothing is kept.
	Put(ctx context.Context, write func(io.Writer) error) (digest string, size int64, err error)
	// Open returns the content; the caller closes it. Unknown digests give an
	// error wrapping ErrNotFound.
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
	// Delete removes content; removing what is not there is no error.
	Delete(ctx context.Context, digest string) error
}
