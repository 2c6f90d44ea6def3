package orch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/run"
)

// Push keeps the versions of a bundle and makes its flow's draft the version of
// the bundle. Expect is that of run.Store.Label.
func (o *Orch) Push(ctx context.Context, b *Bundle, expect string) (*run.FlowInfo, error) {
	if err := o.Publish(ctx, b); err != nil {
		return nil, err
	}
	if err := o.Runs.Label(ctx, b.Flow.Name, run.Draft, b.Digest, b.Pins, expect); err != nil {
		return nil, err
	}
	return o.Runs.FlowInfo(ctx, b.Flow.Name)
}

// Promote makes a version of a flow its production version: a digest or the
// beginning of one, or "" for the draft. Expect is that of run.Store.Label.
func (o *Orch) Promote(ctx context.Context, name, version, expect string) (*run.FlowInfo, error) {
	if version == "" {
		version = run.Draft
	}
	b, err := o.Published(ctx, name, version)
	if err != nil {
		return nil, err
	}
	if err := o.Runs.Label(ctx, name, run.Production, b.Digest, nil, expect); err != nil {
		return nil, err
	}
	return o.Runs.FlowInfo(ctx, name)
}

// Published returns a version of a flow that was pushed: "draft", "production",
// a digest or the beginning of one, or "" for production if there is one and
// the draft otherwise.
func (o *Orch) Published(ctx context.Context, name, version string) (*Bundle, error) {
	info, err := o.Runs.FlowInfo(ctx, name)
	if err != nil {
		return nil, err
	}
	digest := ""
	switch version {
	case "":
		if digest = info.Production; digest == "" {
			digest = info.Draft
		}
	case run.Draft:
		digest = info.Draft
	case run.Production:
		if digest = info.Production; digest == "" {
			return nil, fmt.Errorf("%w: nothing of the flow %s is in production (promote a version)", run.ErrNoFlow, name)
		}
	default:
		list, err := o.Runs.Versions(ctx, name, 10_000)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if !strings.HasPrefix(v.Digest, version) {
				continue
			}
			if digest != "" {
				return nil, fmt.Errorf("%w: several versions of the flow %s begin with %q", ErrInput, name, version)
			}
			digest = v.Digest
		}
		if digest == "" {
			return nil, fmt.Errorf("%w: the flow %s has no version %q", run.ErrNoFlow, name, version)
		}
	}
	body, err := o.Runs.Flow(ctx, digest)
	if err != nil {
		return nil, err
	}
	f, err := flow.Decode([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("the version %.12s of the flow %s cannot be read: %w", digest, name, err)
	}
	pins, err := o.Runs.Pins(ctx, digest)
	if err != nil {
		return nil, err
	}
	return &Bundle{Flow: f, Digest: digest, Pins: pins, flows: map[string]*flow.Flow{digest: f}}, nil
}

// maxFiles bounds a bundle that comes as files.
const maxFiles = 200

// LoadFiles is Load for files that came over the network, by name relative to
// each other; main names the one to begin with.
func (o *Orch) LoadFiles(files map[string]string, main string) (*Bundle, error) {
	if len(files) == 0 || len(files) > maxFiles {
		return nil, fmt.Errorf("%w: a bundle has from 1 to %d files", ErrInput, maxFiles)
	}
	if _, ok := files[main]; !ok {
		return nil, fmt.Errorf("%w: the file %q to begin with is not among the files", ErrInput, main)
	}
	dir, err := os.MkdirTemp("", "aether-bundle-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the bundle: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := os.OpenRoot(dir) // no name leads out of it
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	for name, text := range files {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%w: the file name %q leads out of the bundle", ErrInput, name)
		}
		if err := errors.Join(root.MkdirAll(filepath.Dir(name), 0o700), root.WriteFile(name, []byte(text), 0o600)); err != nil {
			return nil, fmt.Errorf("%w: writing the file %q of the bundle: %w", ErrInput, name, err)
		}
	}
	b, err := load(filepath.Join(dir, main), o.Nodes, dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInput, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	b.Source = main
	return b, nil
}
