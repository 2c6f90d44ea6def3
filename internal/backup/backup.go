// Package backup puts all that Aether keeps into one file, checks such a file,
// and restores it: the tables of Aether and of the durable engine as they were
// at one moment, and the artifacts that they refer to. The key of the secret
// store is not in it.
//
// # The file
//
// A tar archive, compressed with zstd. Its parts, in this order:
//
//	aether-backup.json      Header: that it is a backup, and of which format
//	database/...            the tables: a database file of SQLite, or the rows of a
//	                        table of PostgreSQL as COPY writes them
//	artifacts/SHA256        an artifact
//	manifest.json           Manifest: what the others must be
//
// A part longer than a few MiB is cut; its later pieces have # and a number
// behind the name. A file without a manifest was not finished.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/internal/db"
)

// Format is the version of the file's format.
const Format = 1

// The names of parts.
const (
	headerPart   = "aether-backup.json"
	manifestPart = "manifest.json"
	artifactPart = "artifacts/"
)

// Header is the first part of a backup.
type Header struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // version of the Aether that made it
	Made    time.Time `json:"made"`
}

// Manifest says what is in a backup. It is the last part.
type Manifest struct {
	Header
	Database  db.Dump   `json:"database"`
	Parts     []Part    `json:"parts"` // of the database
	Artifacts Artifacts `json:"artifacts"`
}

// Part is a part of the database in a backup.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Artifacts sums up the artifacts of a backup. Each has its hash for a name.
type Artifacts struct {
	Count  int    `json:"count"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of their names, one after the other
	// Missing are artifacts that the tables refer to and the store did not have:
	// they were lost before, are on another machine, or their runs were forgotten
	// while the backup was made.
	Missing []string `json:"missing,omitempty"`
}

// Options say what to back up.
type Options struct {
	DB        *db.DB
	Artifacts artifact.Store
	Program   string // version of this program
	Now       func() time.Time
}

// Create writes a backup to a file, which must not be there yet, and reads it
// back. The file has its name only when it is whole.
func Create(ctx context.Context, path string, o Options) (*Manifest, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s is already there: name another file (an old backup is not written over)", path)
	}
	// What is made here, nobody else may read.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".aether-backup-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the backup: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	tmp := filepath.Join(dir, "backup")
	m, err := write(ctx, tmp, dir, o)
	if err != nil {
		return nil, err
	}
	if _, err := Verify(tmp); err != nil {
		return nil, fmt.Errorf("reading back what was written: %w", err)
	}
	// A link, unlike a rename, takes no file away that somebody made meanwhile.
	if err := os.Link(tmp, path); errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s was made by somebody else meanwhile: name another file", path)
	} else if err != nil {
		if err := os.Rename(tmp, path); err != nil { // file systems without links
			return nil, fmt.Errorf("writing the backup: %w", err)
		}
	}
	return m, syncDir(filepath.Dir(path))
}

// syncDir makes a new name survive a power cut, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // the file is written; a folder that cannot be opened is no reason to say otherwise
	}
	_ = d.Sync()
	return d.Close()
}

func write(ctx context.Context, path, dir string, o Options) (*Manifest, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("writing the backup: %w", err)
	}
	defer f.Close()
	z, err := zstd.NewWriter(f, zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("writing the backup: %w", err)
	}
	defer z.Close()
	w := &writer{tar: tar.NewWriter(z)}
	m := &Manifest{Header: Header{Format: Format, Program: o.Program, Made: o.Now().UTC().Truncate(time.Second)}}
	if err := w.json(headerPart, m.Header); err != nil {
		return nil, err
	}
	var used []string
	dump, err := o.DB.Dump(ctx, db.DumpOptions{
		Dir: dir,
		Put: func(name string, content func(io.Writer) error) error {
			p, err := w.part(name, content)
			m.Parts = append(m.Parts, p)
			return err
		},
		Read: func(ctx context.Context, tx *db.Tx) (err error) {
			used, err = artifacts(ctx, tx)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	m.Database = *dump
	if m.Artifacts, err = w.artifacts(ctx, o.Artifacts, used); err != nil {
		return nil, err
	}
	if err := w.json(manifestPart, m); err != nil {
		return nil, err
	}
	if err := errors.Join(w.tar.Close(), z.Close(), f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("writing the backup: %w", err)
	}
	return m, nil
}

// artifacts lists the artifacts that the tables refer to.
func artifacts(ctx context.Context, tx *db.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT digest FROM {s}artifact`)
	if err != nil {
		return nil, fmt.Errorf("listing the artifacts: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var d string
		if err := rows.Scan(&d); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.Sort(out) // by bytes, as not every database does
	return out, rows.Err()
}

// writer writes parts.
type writer struct{ tar *tar.Writer }

// piece is how long an entry of the archive is at most: the length of a part is
// not known before it is written, and that of an entry must be.
const piece = 4 << 20

func (w *writer) json(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.part(name, func(to io.Writer) error {
		_, err := to.Write(b)
		return err
	})
	return err
}

// part writes a part and returns its length and hash.
func (w *writer) part(name string, content func(io.Writer) error) (Part, error) {
	p := &pieces{tar: w.tar, name: name, hash: sha256.New()}
	if err := content(p); err != nil {
		return Part{}, fmt.Errorf("backing up %s: %w", name, err)
	}
	// A part without content is there, too.
	if p.buf.Len() > 0 || p.n == 0 {
		if err := p.flush(); err != nil {
			return Part{}, err
		}
	}
	return Part{Name: name, Bytes: p.bytes, SHA256: hex.EncodeToString(p.hash.Sum(nil))}, nil
}

// artifacts writes artifacts; they never change, so they are what they were when
// the tables were read.
func (w *writer) artifacts(ctx context.Context, from artifact.Store, digests []string) (Artifacts, error) {
	var out Artifacts
	all := sha256.New()
	for _, d := range digests {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		rc, err := from.Open(ctx, d)
		if errors.Is(err, artifact.ErrNotFound) {
			out.Missing = append(out.Missing, d)
			continue
		}
		if err != nil {
			return out, fmt.Errorf("reading the artifact %s: %w", d, err)
		}
		p, err := w.part(artifactPart+d, func(to io.Writer) error {
			_, err := io.Copy(to, rc)
			return err
		})
		if err := errors.Join(err, rc.Close()); err != nil {
			return out, err
		}
		if p.SHA256 != d {
			return out, fmt.Errorf("the artifact %s is damaged: its content has the hash %s (take it from an older backup, or forget its run)", d, p.SHA256)
		}
		out.Count++
		out.Bytes += p.Bytes
		all.Write([]byte(d))
	}
	out.SHA256 = hex.EncodeToString(all.Sum(nil))
	return out, nil
}

// pieces writes a part as entries of an archive.
type pieces struct {
	tar   *tar.Writer
	name  string
	n     int
	buf   bytes.Buffer
	hash  hash.Hash
	bytes int64
}

// Write implements io.Writer.
func (p *pieces) Write(b []byte) (int, error) {
	all := len(b)
	p.hash.Write(b)
	p.bytes += int64(all)
	for len(b) > 0 {
		n := min(len(b), piece-p.buf.Len())
		p.buf.Write(b[:n])
		b = b[n:]
		if p.buf.Len() == piece {
			if err := p.flush(); err != nil {
				return 0, err
			}
		}
	}
	return all, nil
}

func (p *pieces) flush() error {
	name := p.name
	if p.n > 0 {
		name = fmt.Sprintf("%s#%d", p.name, p.n)
	}
	p.n++
	err := p.tar.WriteHeader(&tar.Header{Name: name, Size: int64(p.buf.Len()), Mode: 0o600, Typeflag: tar.TypeReg})
	if err == nil {
		_, err = p.tar.Write(p.buf.Bytes())
	}
	p.buf.Reset()
	if err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}
