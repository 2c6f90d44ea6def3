package orch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/run"
)

// Author is who pushes a flow, and what they say about it.
type Author struct{ Name, Message string }

// maxMessage bounds what is said about a push, in characters.
const maxMessage = 2000

// Push keeps the versions of a bundle and makes its flow's draft the version of
// the bundle. Expect is that of run.Store.Pushed.
func (o *Orch) Push(ctx context.Context, b *Bundle, by Author, expect string) (*run.FlowInfo, error) {
	by.Message = strings.TrimSpace(by.Message)
	if utf8.RuneCountInString(by.Message) > maxMessage {
		return nil, fmt.Errorf("%w: the message of a push may have %d characters", ErrInput, maxMessage)
	}
	if err := o.Publish(ctx, b); err != nil {
		return nil, err
	}
	p := run.Push{Digest: b.Digest, Author: by.Name, Message: by.Message, Text: b.Text}
	if b.Text != "" {
		p.File = filepath.Base(b.Source)
	}
	if err := o.Runs.Pushed(ctx, b.Flow.Name, p, b.Pins, expect); err != nil {
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
	if len(version) == 64 {
		// Also one that is no version of the flow, which a development run has.
		if b, err := o.version(ctx, version); err == nil && b.Flow.Name == name {
			return b, nil
		}
	}
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
	return o.version(ctx, digest)
}

// version returns a flow version by its digest.
func (o *Orch) version(ctx context.Context, digest string) (*Bundle, error) {
	body, err := o.Runs.Flow(ctx, digest)
	if err != nil {
		return nil, err
	}
	f, err := flow.Decode([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("the flow version %.12s cannot be read: %w", digest, err)
	}
	pins, err := o.Runs.Pins(ctx, digest)
	if err != nil {
		return nil, err
	}
	return &Bundle{Flow: f, Digest: digest, Pins: pins, flows: map[string]*flow.Flow{digest: f}}, nil
}

// Text returns a published version as its author wrote it, and the name of its
// file; a version of which no text is kept as YAML. push is nil for such one.
func (o *Orch) Text(ctx context.Context, b *Bundle) (text, file string, push *run.Push, err error) {
	if push, err = o.Runs.PushOf(ctx, b.Flow.Name, b.Digest); err != nil {
		return "", "", nil, err
	}
	if push != nil && push.Text != "" {
		return push.Text, push.File, push, nil
	}
	out, err := b.Flow.YAML()
	return string(out), b.Flow.Name + ".flow.yaml", push, err
}

// maxFiles bounds a bundle that comes as files.
const maxFiles = 200

// LoadFiles is Load for files that came over the network, by name relative to
// each other; main names the one to begin with. Base is the version that the
// main file was made from, "" for none: what that called and is not among the
// files is called as before. A reference may also be the name of a flow that
// was pushed, whose draft is called then.
func (o *Orch) LoadFiles(ctx context.Context, files map[string]string, main, base string) (*Bundle, error) {
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
	b, err := load(filepath.Join(dir, main), o.Nodes, dir, o.pinned(ctx, base))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInput, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	b.Source = main
	return b, nil
}

// pinned returns a function that finds what a flow calls among the versions that
// are kept: as the version base did, or by the name of a flow.
func (o *Orch) pinned(ctx context.Context, base string) func(caller, ref string) (*flow.Flow, error) {
	pins := map[string]string{}
	learn := func(digest string) error {
		more, err := o.Runs.Pins(ctx, digest)
		maps.Copy(pins, more)
		return err
	}
	asked := false
	return func(caller, ref string) (*flow.Flow, error) {
		if !asked && base != "" {
			// Of a version that is not here nothing is known.
			if err := learn(base); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		asked = true
		if caller == "" {
			caller = base
		}
		digest := pins[caller+":"+ref]
		if digest == "" {
			info, err := o.Runs.FlowInfo(ctx, ref)
			if err != nil {
				return nil, fmt.Errorf("%w: it is not among the files, and no flow of that name was pushed", err)
			}
			digest = info.Draft
			if err := learn(digest); err != nil {
				return nil, err
			}
		}
		body, err := o.Runs.Flow(ctx, digest)
		if err != nil {
			return nil, err
		}
		return flow.Decode([]byte(body))
	}
}
