package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/run"
)

// Restore makes the database and the artifacts what they were when a backup was
// made. It first checks the whole file; then one transaction replaces the
// tables, so that whatever happens, the database is either as it was or as in
// the backup. A database that holds something is refused, unless force says to
// delete that; one that robots work on is refused always.
//
// Afterwards no robot has a job and no process a run: all that had begun is
// free to be taken up again, with no attempt lost.
func Restore(ctx context.Context, path, dir string, force bool, o Options) (*Manifest, error) {
	m, err := Verify(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	tmp, err := os.MkdirTemp(dir, ".aether-restore-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder to unpack the backup: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	// What the tables that go and those that come refer to.
	var before, after []string
	err = o.DB.Restore(ctx, &m.Database, db.RestoreOptions{
		Dir: tmp, Force: force,
		Before: func(ctx context.Context, tx *db.Tx) (err error) {
			if err := queue.Unused(ctx, tx); err != nil {
				return err
			}
			before, err = artifacts(ctx, tx)
			return err
		},
		After: func(ctx context.Context, tx *db.Tx) (err error) {
			if err := free(ctx, tx); err != nil {
				return err
			}
			after, err = artifacts(ctx, tx)
			return err
		},
		Feed: func(load func(string, io.Reader) error) error {
			again, err := read(path, func(part string, content io.Reader) error {
				if digest, ok := strings.CutPrefix(part, artifactPart); ok {
					return keep(ctx, o, digest, content)
				}
				return load(part, content)
			})
			if err == nil && !reflect.DeepEqual(again, m) {
				err = errors.New("the file was changed while it was read")
			}
			return err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("restoring the backup (nothing was changed): %w", err)
	}
	for _, d := range before {
		if _, used := slices.BinarySearch(after, d); used {
			continue
		}
		if err := o.Artifacts.Delete(ctx, d); err != nil {
			return m, fmt.Errorf("the backup is restored; removing an artifact of before: %w", err)
		}
	}
	return m, nil
}

// keep stores an artifact. That nothing refers to it, if the restoring fails,
// does no harm.
func keep(ctx context.Context, o Options, digest string, content io.Reader) error {
	got, _, err := o.Artifacts.Put(ctx, func(w io.Writer) error {
		_, err := io.Copy(w, content)
		return err
	})
	if err == nil && got != digest {
		err = fmt.Errorf("%w: the artifact %.64s has another content", ErrDamaged, digest)
	}
	return err
}

// free ends all leases: those who had them are not here.
func free(ctx context.Context, tx *db.Tx) error {
	return errors.Join(queue.Free(ctx, tx), run.Free(ctx, tx), item.Renew(ctx, tx))
}
