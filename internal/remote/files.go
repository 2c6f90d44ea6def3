package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/vault"
)

// fileTime is how long sending or getting a file may take.
const fileTime = 30 * time.Minute

// files keeps the artifacts of a run here, and gets from the orchestrator what
// is not here. It implements artifact.Store.
type files struct {
	artifact.Store
	task *task
}

// Open implements artifact.Store.
func (f *files) Open(ctx context.Context, digest string) (io.ReadCloser, error) {
	rc, err := f.Store.Open(ctx, digest)
	if !errors.Is(err, artifact.ErrNotFound) {
		return rc, err
	}
	if err := persist(ctx, func() error { return f.get(ctx, digest) }); err != nil {
		if r := refusal(err); r != nil && r.Status == http.StatusNotFound {
			return nil, fmt.Errorf("%w: %s is neither here nor with the orchestrator", artifact.ErrNotFound, digest)
		}
		return nil, err
	}
	return f.Store.Open(ctx, digest)
}

func (f *files) get(ctx context.Context, digest string) error {
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	res, err := f.task.client.send(ctx, http.MethodGet, f.task.path("artifacts/"+digest), nil, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, _, err := f.Store.Put(ctx, func(w io.Writer) error {
		_, err := io.Copy(w, res.Body)
		return err
	})
	if err == nil && got != digest {
		err = errors.Join(fmt.Errorf("the artifact %s came damaged", digest), f.Store.Delete(ctx, got))
	}
	return err
}

// sent makes sure that the orchestrator has the artifacts that a text names.
func (t *task) sent(ctx context.Context, text string) error {
	for {
		_, tail, ok := strings.Cut(text, `"$ref":"`)
		if !ok || len(tail) < 64 {
			return nil
		}
		digest := tail[:64]
		text = tail[64:]
		if t.uploaded[digest] {
			continue
		}
		if err := t.put(ctx, digest); err != nil {
			return err
		}
		t.uploaded[digest] = true
	}
}

func (t *task) put(ctx context.Context, digest string) error {
	f, err := t.files.Store.Open(ctx, digest)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil // the orchestrator's own
	}
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	res, err := t.client.send(ctx, http.MethodPut, t.path("artifacts/"+digest), f, "application/octet-stream")
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// secrets reads secrets from the environment of this machine, then from the
// orchestrator. It implements vault.Reader.
type secrets struct {
	env  vault.Reader
	task *task
}

// Get implements vault.Reader.
func (s *secrets) Get(ctx context.Context, name string) (vault.Secret, error) {
	source, rest, chosen := strings.Cut(name, ":")
	if !chosen || source == "env" {
		local := name
		if chosen {
			local = rest
		}
		v, err := s.env.Get(ctx, local)
		if chosen || !errors.Is(err, vault.ErrNotFound) {
			return v, err
		}
	}
	var out struct{ Text string }
	err := persist(ctx, func() error {
		return s.task.client.call(ctx, http.MethodPost, s.task.path("secret"), map[string]string{"name": name}, &out)
	})
	if r := refusal(err); r != nil && r.Status == http.StatusNotFound {
		return vault.Secret{}, fmt.Errorf("%w: it is neither in the environment of this robot nor with the orchestrator (%s)", vault.ErrNotFound, r.Message)
	}
	if err != nil {
		return vault.Secret{}, err
	}
	return vault.New(out.Text), nil
}
