package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
)

// Names of the variables that hold the key, or the path of a file with it.
const (
	KeyVariable     = "AETHER_SECRET_KEY"
	KeyFileVariable = "AETHER_SECRET_KEY_FILE"
)

// ErrLocked says that the store cannot be opened with what keys there are.
var ErrLocked = errors.New("the secret store is locked")

// maxKeyFile bounds a key file: a mistake may name anything.
const maxKeyFile = 64 << 10

// Keys says where the keys of the store are: in AETHER_SECRET_KEY, else in the
// file that AETHER_SECRET_KEY_FILE names, else in File. There may be several,
// and public keys (age1...) besides, to which everything is encrypted as well.
type Keys struct {
	// Lookup returns a variable of the environment.
	Lookup func(string) (string, bool)
	// File is the key file in the data folder.
	File string
	// Own says that File is this machine's alone, so that the store may make
	// and change it; with a database that others share it may not.
	Own bool
}

// oldFile keeps the keys that were replaced: backups need them.
func (k Keys) oldFile() string { return k.File + ".old" }

// load reads the keys. Having none is no error.
func (k Keys) load() (*ring, error) {
	if text, ok := k.Lookup(KeyVariable); ok && strings.TrimSpace(text) != "" {
		r := &ring{source: KeyVariable}
		return r, r.read(strings.NewReplacer(",", "\n", " ", "\n").Replace(text))
	}
	if path, ok := k.Lookup(KeyFileVariable); ok && strings.TrimSpace(path) != "" {
		r := &ring{source: path}
		text, err := readKeys(path)
		if err != nil {
			return nil, fmt.Errorf("%w: the key file of %s cannot be read: %w", ErrLocked, KeyFileVariable, err)
		}
		return r, r.read(text)
	}
	r := &ring{source: k.File, own: k.Own}
	for _, path := range []string{k.File, k.oldFile()} {
		text, err := readKeys(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("%w: the key file cannot be read: %w", ErrLocked, err)
		default:
			if err := r.read(text); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func readKeys(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return "", fmt.Errorf("%s is no key file", path)
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// read adds the keys in a text. The error repeats nothing of it.
func (r *ring) read(text string) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case strings.HasPrefix(line, "age1"):
			if to, err := age.ParseX25519Recipient(line); err == nil {
				r.also = append(r.also, to)
				continue
			}
		default:
			if id, err := age.ParseX25519Identity(line); err == nil {
				if k := newKey(id); !slices.ContainsFunc(r.keys, func(have key) bool { return have.print == k.print }) {
					r.keys = append(r.keys, k)
				}
				continue
			}
		}
		return fmt.Errorf("%w: line %d of the key (%s) is neither a key (AGE-SECRET-KEY-1...) nor a public key (age1...), as `aether secret key new` makes them", ErrLocked, n, r.source)
	}
	return nil
}

// ring returns the keys, read anew if fresh.
func (s *Store) ring(fresh bool) (*ring, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil || fresh || len(s.keys.keys) == 0 {
		r, err := s.where.load()
		if err != nil {
			return nil, err
		}
		s.keys = r
	}
	return s.keys, nil
}

// Made is a new key.
type Made struct {
	Public      string `json:"public"`
	Fingerprint string `json:"fingerprint"`
	// Text is the content of a key file; it holds the secret key.
	Text string `json:"-"`
}

// NewKey makes a key.
func NewKey(now time.Time) (Made, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return Made{}, fmt.Errorf("making a key: %w", err)
	}
	return Made{
		Public: id.Recipient().String(), Fingerprint: newKey(id).print,
		Text: fmt.Sprintf("# key of Aether's secret store, made %s\n# public key: %s\n%s\n", now.UTC().Format(time.RFC3339), id.Recipient(), id),
	}, nil
}

// addToFile puts a new key before those in the store's own file.
func (k Keys) addToFile(m Made) error {
	have, err := readKeys(k.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the key file: %w", err)
	}
	return writeFile(k.File, m.Text+have)
}

// retire moves all keys but one from the store's own file to that of the old
// ones. Who dies in between finds the keys in both.
func (k Keys) retire(current string, now time.Time) error {
	text, err := readKeys(k.File)
	if err != nil {
		return fmt.Errorf("reading the key file: %w", err)
	}
	r := &ring{source: k.File}
	if err := r.read(text); err != nil {
		return err
	}
	if len(r.keys) < 2 {
		return nil
	}
	old, err := readKeys(k.oldFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the file of old keys: %w", err)
	}
	var keep, gone strings.Builder
	for _, key := range r.keys {
		switch {
		case key.print == current:
			fmt.Fprintf(&keep, "# key of Aether's secret store\n# public key: %s\n%s\n", key.id.Recipient(), key.id)
		case !strings.Contains(old, key.id.String()):
			fmt.Fprintf(&gone, "# retired %s\n%s\n", now.UTC().Format(time.RFC3339), key.id)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "age1") {
			keep.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	if gone.Len() > 0 {
		if err := writeFile(k.oldFile(), gone.String()+old); err != nil {
			return err
		}
	}
	return writeFile(k.File, keep.String())
}

// writeFile replaces a file, readable by this user alone, whole or not at all,
// and does not return before it is on disk.
func writeFile(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of the key file: %w", err)
	}
	f, err := os.CreateTemp(dir, ".secret-key-*") // made with 0600
	if err != nil {
		return fmt.Errorf("writing the key file: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil && runtime.GOOS != "windows" { // which cannot sync folders
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("writing the key file: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
