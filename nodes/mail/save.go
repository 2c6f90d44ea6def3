package mail

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// saving says what to do with attachments. The zero folder saves nothing.
type saving struct {
	SaveTo      string   `json:"save_to" group:"Attachments" widget:"folder" doc:"Folder to save attachments to, made if it is missing; empty saves none. Names given by strangers are made harmless first."`
	SavePattern []string `json:"save_pattern" group:"Attachments" doc:"Save only files whose names fit one of these patterns, for instance *.pdf; * and ? stand for any characters, capital letters do not count. Empty means all."`
	SaveInline  bool     `json:"save_inline" group:"Attachments" doc:"Also save images that are shown in the text: logos, signatures."`
	IfExists    string   `json:"if_exists" group:"Attachments" default:"rename" enum:"rename,replace,skip,error" doc:"If a file of that name is there: rename adds a number (a file with the very same content is used as it is, so that a repeated step makes no copies), replace overwrites it, skip leaves it and saves nothing, error fails."`
	MaxSize     int      `json:"max_attachment_size" group:"Attachments" default:"104857600" min:"1" is:"advanced" doc:"Largest attachment to save, in bytes; a larger one fails the step and leaves no file."`
}

func (s saving) check() error {
	for _, p := range s.SavePattern {
		if _, err := path.Match(p, "x"); err != nil {
			return input("write it like *.pdf", "the pattern %s is not valid", short(p))
		}
	}
	return nil
}

// effect of saving, for EffectOf.
func (s saving) effect() node.Effect {
	switch {
	case s.SaveTo == "":
		return node.Read
	case s.IfExists == "error":
		return node.Once
	}
	return node.Idempotent
}

// saver saves the attachments of one execution.
type saver struct {
	saving
	env   *node.Env
	used  map[string]bool // paths of this execution, in lower case
	files []savedFile
}

type savedFile struct {
	Path string `json:"path" doc:"Where the file is."`
	Name string `json:"name" doc:"Name of the attachment as sent, made harmless."`
	Type string `json:"type" doc:"Media type the sender gave."`
	Size int    `json:"size" doc:"Size in bytes."`
	UID  int    `json:"uid" doc:"UID of its message."`
}

func newSaver(env *node.Env, s saving) *saver {
	return &saver{saving: s, env: env, used: map[string]bool{}}
}

// hook returns what the parser calls for the attachments of one message.
func (s *saver) hook() func(*attachment, io.Reader) error {
	if s.SaveTo == "" {
		return nil
	}
	return func(a *attachment, r io.Reader) error {
		if a.Inline && !s.SaveInline || !s.wanted(a.Name) {
			return nil
		}
		count := &counting{r: &limited{r: r, left: s.MaxSize, name: a.Name, limit: s.MaxSize}}
		p, err := s.save(a.Name, count)
		if err != nil || p == "" {
			return err
		}
		if a.Path, err = s.env.Files.Abs(p); err != nil {
			return err
		}
		s.files = append(s.files, savedFile{Path: a.Path, Name: a.Name, Type: a.Type, Size: count.n})
		return nil
	}
}

func (s *saver) wanted(name string) bool {
	if len(s.SavePattern) == 0 {
		return true
	}
	for _, p := range s.SavePattern {
		if ok, err := path.Match(strings.ToLower(p), strings.ToLower(name)); err == nil && ok {
			return true
		}
	}
	return false
}

// limited fails once more than the limit was read.
type limited struct {
	r           io.Reader
	left, limit int
	name        string
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, input("raise max_attachment_size if it is legitimate", "the attachment %s is larger than %d bytes", short(l.name), l.limit)
	}
	return n, err
}

// save writes r under the name or one like it; "" means that it was skipped.
func (s *saver) save(name string, r io.Reader) (string, error) {
	if s.IfExists == "rename" {
		return s.saveBeside(name, r)
	}
	for n := 1; ; n++ {
		p := filepath.Join(s.SaveTo, numbered(name, n))
		if s.used[strings.ToLower(p)] {
			continue // two attachments of one name are both kept
		}
		s.used[strings.ToLower(p)] = true
		_, err := s.env.Files.Lstat(p)
		there := err == nil
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		switch {
		case there && s.IfExists == "skip":
			return "", nil
		case there && s.IfExists == "error":
			return "", input("choose another folder, or set if_exists", "the file %s exists already", p)
		}
		return p, s.write(p, r)
	}
}

func (s *saver) write(p string, r io.Reader) error {
	return s.env.Files.WriteAtomic(p, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// saveBeside writes r under a free name. What was saved by an earlier try of
// the step is recognised by its content, so r is kept aside first.
func (s *saver) saveBeside(name string, r io.Reader) (string, error) {
	dir, err := s.env.TempDir()
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "attachment-*")
	if err != nil {
		return "", err
	}
	defer func() {
		f.Close()
		_ = os.Remove(f.Name()) // the folder goes with the run anyway
	}()
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, hash), r)
	if err != nil {
		return "", err
	}
	sum := hash.Sum(nil)
	for n := 1; n < 100000; n++ {
		p := filepath.Join(s.SaveTo, numbered(name, n))
		if s.used[strings.ToLower(p)] {
			continue
		}
		info, err := s.env.Files.Lstat(p)
		switch {
		case err == nil:
			if !info.Mode().IsRegular() || info.Size() != size || !s.same(p, sum) {
				continue
			}
		case errors.Is(err, fs.ErrNotExist):
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return "", err
			}
			if err := s.write(p, f); err != nil {
				return "", err
			}
		default:
			return "", err
		}
		s.used[strings.ToLower(p)] = true
		return p, nil
	}
	return "", input("clear the folder", "there are too many files named like %s in %s", short(name), s.SaveTo)
}

func (s *saver) same(p string, sum []byte) bool {
	f, err := s.env.Files.Open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false
	}
	return bytes.Equal(h.Sum(nil), sum)
}

// numbered returns the name with a number before its extension, from 2 on.
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	ext := path.Ext(name)
	return fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), n, ext)
}
