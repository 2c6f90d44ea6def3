package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"github.com/aether-rpa/aether/node"
)

// What was done with a file.
const (
	created     = "created"
	overwritten = "overwritten"
	skipped     = "skipped"
)

// Rules for a file that is there already.
const (
	ifOverwrite = "overwrite"
	ifSkip      = "skip"
	ifNewer     = "newer"
	ifError     = "error"
)

// Existing is the param that says what to do with a file that is there.
type Existing struct {
	IfExists string `json:"if_exists" default:"overwrite" enum:"overwrite,skip,newer,error" doc:"What to do when the target is there already: replace it, leave it, replace it if the source was changed later, or fail."`
}

// Effect is that of writing a whole file.
func (e Existing) Effect() node.Effect {
	if e.IfExists == ifError {
		return node.Once // the second time the file would be there
	}
	return node.Idempotent
}

// decide returns what to do, given the times of source and target.
func (e Existing) decide(target string, source, there time.Time, exact bool) (string, error) {
	switch e.IfExists {
	case ifSkip:
		return skipped, nil
	case ifError:
		return "", input("choose another name, or set if_exists", "%s exists already", target)
	case ifNewer:
		// Servers keep whole seconds, listings of some only minutes.
		unit := time.Second
		if !exact {
			unit = time.Minute
		}
		if !there.IsZero() && !source.IsZero() && !source.Truncate(unit).After(there.Truncate(unit)) {
			return skipped, nil
		}
	}
	return overwritten, nil
}

// reconnects is how often a transfer that may be resumed goes on over a new
// connection before the node fails.
const reconnects = 5

// mark names a version of a file, so that a partial file is never continued
// with another version.
func mark(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // never fails
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// meter passes data on, counting it, with the watcher told and ctx honoured.
type meter struct {
	ctx     context.Context
	env     *node.Env
	what    string
	n, told int64
	total   int64 // 0 when unknown
	most    int64 // 0 for no limit
}

// tellEvery is how many bytes pass before the watcher hears of them.
const tellEvery = 512 << 10

func (m *meter) pass(n int) error {
	m.n += int64(n)
	if m.n-m.told >= tellEvery {
		m.told = m.n
		m.env.Progress(m.what, int(m.n), int(m.total))
	}
	if m.most > 0 && m.n > m.most {
		return input("raise max_size", "%s stopped: the file is larger than the limit of %d bytes", m.what, m.most)
	}
	return m.ctx.Err()
}

// metered counts what is read from r.
type metered struct {
	r io.Reader
	m *meter
}

func (r metered) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if merr := r.m.pass(n); merr != nil {
		return n, merr
	}
	return n, err
}

// meteredWriter counts what is written to w.
type meteredWriter struct {
	w io.Writer
	m *meter
	// failed is the first error of w itself, to be told from errors of the
	// network.
	failed error
}

func (w *meteredWriter) Write(p []byte) (int, error) {
	if err := w.m.pass(len(p)); err != nil {
		w.failed = err
		return 0, err
	}
	n, err := w.w.Write(p)
	if err != nil && w.failed == nil {
		w.failed = err
	}
	return n, err
}
