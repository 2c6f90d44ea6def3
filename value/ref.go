package value

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Kinds of content behind a Ref.
const (
	KindJSON  = "json"  // one JSON document
	KindLines = "lines" // a list: one JSON value a line
	KindText  = "text"  // a string: UTF-8 text
)

// Opener opens stored content by its digest. It is implemented by the artifact
// store.
type Opener interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
}

// Ref stands for a value that is too large to travel in a record. It is
// immutable and safe for concurrent use; Load reads the whole value.
type Ref struct {
	Digest string `json:"$ref"`            // sha256 of the content, hex
	Kind   string `json:"kind"`            // KindJSON, KindLines or KindText
	Size   int64  `json:"size"`            // bytes
	Count  int    `json:"count,omitempty"` // elements, when Kind is KindLines

	from Opener
}

// NewRef returns a reference whose content is opened through from.
func NewRef(digest, kind string, size int64, count int, from Opener) *Ref {
	return &Ref{Digest: digest, Kind: kind, Size: size, Count: count, from: from}
}

func refFrom(m map[string]any, digest any, from Opener) (*Ref, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	r := &Ref{from: from}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("reading the reference %v: %w", digest, err)
	}
	return r, nil
}

// Open returns the raw content; the caller closes it.
func (r *Ref) Open(ctx context.Context) (io.ReadCloser, error) {
	if r.from == nil {
		return nil, errors.New("this large value was read without its store")
	}
	return r.from.Open(ctx, r.Digest)
}

// Load reads the whole value into memory.
func (r *Ref) Load(ctx context.Context) (any, error) {
	switch r.Kind {
	case KindText:
		rc, err := r.Open(ctx)
		if err != nil {
			return nil, err
		}
		defer rc.Close()
		b, err := io.ReadAll(rc)
		return string(b), err
	case KindLines:
		list := make([]any, 0, r.Count)
		for v, err := range r.Lines(ctx) {
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	rc, err := r.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	dec := json.NewDecoder(bufio.NewReader(rc))
	v, err := ParseNext(dec)
	if err != nil {
		return nil, err
	}
	return resolve(v, r.from)
}

// Lines iterates over the elements of a list without holding all of them.
// For a Ref that is not of KindLines the value is loaded and must be a list.
func (r *Ref) Lines(ctx context.Context) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		if r.Kind != KindLines {
			v, err := r.Load(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			list, ok := v.([]any)
			if !ok {
				yield(nil, fmt.Errorf("this large value is a %s, not a list", Kind(v)))
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
			return
		}
		rc, err := r.Open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rc.Close()
		dec := json.NewDecoder(bufio.NewReaderSize(rc, 64<<10))
		for {
			v, err := ParseNext(dec)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				v, err = resolve(v, r.from)
			}
			if err == nil {
				err = ctx.Err()
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// LoadAll returns v with every Ref inside it loaded; v itself is not changed.
// Use it only where the whole value is needed in memory.
func LoadAll(ctx context.Context, v any) (any, error) {
	if !holdsRef(v) {
		return v, nil
	}
	switch x := v.(type) {
	case *Ref:
		l, err := x.Load(ctx)
		if err != nil {
			return nil, err
		}
		return LoadAll(ctx, l)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			l, err := LoadAll(ctx, e)
			if err != nil {
				return nil, err
			}
			out[i] = l
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			l, err := LoadAll(ctx, e)
			if err != nil {
				return nil, err
			}
			out[k] = l
		}
		return out, nil
	}
	return v, nil
}

func holdsRef(v any) bool {
	switch x := v.(type) {
	case *Ref:
		return true
	case []any:
		for _, e := range x {
			if holdsRef(e) {
				return true
			}
		}
	case map[string]any:
		for _, e := range x {
			if holdsRef(e) {
				return true
			}
		}
	}
	return false
}
