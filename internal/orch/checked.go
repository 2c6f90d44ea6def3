package orch

import (
	"context"
	"errors"
	"slices"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/run"
)

// Draft is the text of a flow that is being written.
type Draft struct {
	Text string
	File string // name of its file, for what it calls; flow.yaml if empty
	// Files are those it calls, by name relative to File.
	Files map[string]string
	// Name is the flow it is a version of, and Base the digest of the version it
	// was made from; empty for a new flow.
	Name, Base string
}

// Checked is what is known of a Draft.
type Checked struct {
	Bundle *Bundle // its Flow is nil if the text is no flow
	Found  []Found
	// SameAs are the labels of its flow that are at this version, and the digest
	// if that version is kept.
	SameAs []string
}

// Found is a problem with what would mend it.
type Found struct {
	flow.Problem
	Fix *flow.Fix
}

// CheckDraft says what is wrong with a text, and which version it is. It keeps
// nothing.
func (o *Orch) CheckDraft(ctx context.Context, d Draft) (*Checked, error) {
	b, err := o.LoadDraft(ctx, d)
	if err != nil {
		return nil, err
	}
	c := &Checked{Bundle: b, Found: make([]Found, len(b.Problems)), SameAs: []string{}}
	fixer := flow.NewFixer([]byte(d.Text))
	for i, p := range b.Problems {
		c.Found[i].Problem = p
		if p.File == "" {
			c.Found[i].Fix = fixer.Fix(p)
		}
	}
	if b.Flow == nil || d.Name == "" {
		return c, nil
	}
	info, err := o.Runs.FlowInfo(ctx, d.Name)
	if errors.Is(err, run.ErrNoFlow) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Draft == b.Digest {
		c.SameAs = append(c.SameAs, run.Draft)
	}
	if info.Production == b.Digest {
		c.SameAs = append(c.SameAs, run.Production)
	}
	there, err := o.Runs.HasVersion(ctx, d.Name, b.Digest)
	if there {
		c.SameAs = append(c.SameAs, b.Digest)
	}
	return c, err
}

// LoadDraft reads and checks the text of a flow with what it calls.
func (o *Orch) LoadDraft(ctx context.Context, d Draft) (*Bundle, error) {
	if d.File == "" {
		d.File = "flow.yaml"
	}
	files := map[string]string{}
	for name, text := range d.Files {
		files[name] = text
	}
	files[d.File] = d.Text
	b, err := o.LoadFiles(ctx, files, d.File, d.Base)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(b.Problems, func(a, c flow.Problem) int { // its own first
		return len(a.File) - len(c.File)
	})
	return b, nil
}
