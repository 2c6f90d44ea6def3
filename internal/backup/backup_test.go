package backup_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/internal/backup"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
)

// place is a database and an artifact folder.
type place struct {
	backup.Options
	runs *run.Store
}

func newPlace(t *testing.T, kind string) place {
	t.Helper()
	target := dbtest.SQLite(t)
	if kind == "postgres" {
		target = dbtest.EmptyPostgres(t)
	}
	d := dbtest.Open(t, target)
	return place{backup.Options{DB: d, Artifacts: disk.Open(t.TempDir()), Program: "test", Now: time.Now}, run.NewStore(d, nil)}
}

// keep stores an artifact that a run uses.
func (p place) keep(t *testing.T, id string, content []byte) string {
	t.Helper()
	digest, _, err := p.Artifacts.Put(t.Context(), func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.runs.Keep(t.Context(), id, digest); err != nil {
		t.Fatal(err)
	}
	return digest
}

func each(t *testing.T, fn func(t *testing.T, kind string)) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) { fn(t, kind) })
	}
}

// noise does not get smaller by compression.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

// Parts longer than a piece, of exactly one, and empty ones come back as they
// were; an artifact that is gone is told of.
func TestParts(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		from, path := newPlace(t, kind), filepath.Join(t.TempDir(), "b")
		contents := [][]byte{nil, []byte("x"), noise(4 << 20), noise(4<<20 + 1), noise(9 << 20)}
		var digests []string
		for _, c := range contents {
			digests = append(digests, from.keep(t, "r", c))
		}
		gone := from.keep(t, "r", []byte("gone"))
		if err := from.Artifacts.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		m, err := backup.Create(t.Context(), path, from.Options)
		if err != nil {
			t.Fatal(err)
		}
		if m.Artifacts.Count != len(contents) || len(m.Artifacts.Missing) != 1 || m.Artifacts.Missing[0] != gone {
			t.Errorf("artifacts %+v", m.Artifacts)
		}
		to := newPlace(t, kind)
		if _, err := backup.Restore(t.Context(), path, t.TempDir(), false, to.Options); err != nil {
			t.Fatal(err)
		}
		for i, d := range digests {
			rc, err := to.Artifacts.Open(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(rc)
			if err := errors.Join(err, rc.Close()); err != nil || !bytes.Equal(got, contents[i]) {
				t.Errorf("artifact %d has %d bytes, want %d; %v", i, len(got), len(contents[i]), err)
			}
		}
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

// A forced restore takes away what was there, artifacts too, and keeps what both
// have.
func TestForced(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		from, to, path := newPlace(t, kind), newPlace(t, kind), filepath.Join(t.TempDir(), "b")
		both := from.keep(t, "new", []byte("both"))
		if _, err := backup.Create(t.Context(), path, from.Options); err != nil {
			t.Fatal(err)
		}
		to.keep(t, "old", []byte("both"))
		gone := to.keep(t, "old", []byte("gone"))
		if _, err := backup.Restore(t.Context(), path, t.TempDir(), false, to.Options); !errors.Is(err, db.ErrNotEmpty) {
			t.Errorf("not forced: %v", err)
		}
		if _, err := to.Artifacts.Open(t.Context(), gone); err != nil {
			t.Errorf("a refused restore: %v", err)
		}
		if _, err := backup.Restore(t.Context(), path, t.TempDir(), true, to.Options); err != nil {
			t.Fatal(err)
		}
		if rc, err := to.Artifacts.Open(t.Context(), both); err != nil {
			t.Error(err)
		} else if err := rc.Close(); err != nil {
			t.Error(err)
		}
		if _, err := to.Artifacts.Open(t.Context(), gone); !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("what only the old runs used: %v", err)
		}
	})
}

// A damaged artifact is not backed up as if it were whole.
func TestDamagedArtifact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from := newPlace(t, "sqlite")
	from.Artifacts = disk.Open(dir)
	digest := from.keep(t, "r", []byte("content"))
	if err := os.WriteFile(filepath.Join(dir, digest[:2], digest[2:]), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b")
	if _, err := backup.Create(t.Context(), path, from.Options); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

// Every cut and every changed byte is found, and nothing is restored.
func TestDamage(t *testing.T) {
	t.Parallel()
	from, path := newPlace(t, "sqlite"), filepath.Join(t.TempDir(), "b")
	from.keep(t, "r", noise(70_000))
	if _, err := backup.Create(t.Context(), path, from.Options); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := newPlace(t, "sqlite")
	try := func(what string, at int, b []byte) {
		t.Helper()
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := backup.Restore(t.Context(), bad, t.TempDir(), true, to.Options)
		if !errors.Is(err, backup.ErrFile) {
			t.Errorf("%s at %d of %d: %v", what, at, len(good), err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		at := r.IntN(len(good))
		try("cut", at, good[:at])
		b := bytes.Clone(good)
		b[at] ^= byte(1 + r.IntN(255))
		try("changed", at, b)
	}
	try("doubled", 0, append(bytes.Clone(good), good...))
	var n int
	if err := to.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM {s}artifact`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d artifacts were restored, %v", n, err)
	}
}

// Archives of others are told from damaged backups.
func TestForeign(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, entry, content string
		want                 error
		words                string
	}{
		{"archive", "notes.txt", "hello", backup.ErrForeign, "no backup of Aether"},
		{"wrong header", "aether-backup.json", "{}", backup.ErrForeign, "no backup of Aether"},
		{"newer", "aether-backup.json", `{"format": 99, "program": "9.9"}`, backup.ErrFile, "newer Aether (9.9, format 99"},
		{"unfinished", "aether-backup.json", `{"format": 1}`, backup.ErrDamaged, "no manifest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			var b bytes.Buffer
			z, err := zstd.NewWriter(&b)
			if err != nil {
				t.Fatal(err)
			}
			w := tar.NewWriter(z)
			err = w.WriteHeader(&tar.Header{Name: tt.entry, Size: int64(len(tt.content)), Mode: 0o600})
			_, err2 := io.WriteString(w, tt.content)
			if err := errors.Join(err, err2, w.Close(), z.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
				t.Fatal(err)
			}
			if _, err := backup.Verify(path); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := backup.Verify(t.TempDir()); !errors.Is(err, backup.ErrForeign) {
		t.Errorf("a folder: %v", err)
	}
}

// A backup of one database does not go into the other.
func TestOtherKind(t *testing.T) {
	t.Parallel()
	from, to, path := newPlace(t, "postgres"), newPlace(t, "sqlite"), filepath.Join(t.TempDir(), "b")
	if _, err := backup.Create(t.Context(), path, from.Options); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), path, t.TempDir(), true, to.Options); !errors.Is(err, db.ErrUnfit) {
		t.Errorf("%v", err)
	}
}
