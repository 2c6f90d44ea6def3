package value

import (
	"bufio"
	"context"
	"io"
	"iter"
)

// Rows is a list that may be larger than memory: either elements held here or
// a Ref of KindLines. Nodes that work on tables and long lists take and return
// Rows and go through them with All. The zero Rows is empty.
type Rows struct {
	list []any
	ref  *Ref
	n    int // without list and ref: the numbers 1 to n
}

// RowsOf wraps a canonical list.
func RowsOf(list []any) Rows { return Rows{list: list} }

// RowsRef wraps a reference to a list.
func RowsRef(r *Ref) Rows { return Rows{ref: r} }

// RowsUpTo is the list of the numbers 1 to n, which are made as they are read.
func RowsUpTo(n int) Rows { return Rows{n: n} }

// Len returns the number of elements without reading them; -1 when a
// reference does not say.
func (r Rows) Len() int {
	if r.ref == nil {
		return len(r.list) + r.n
	}
	if r.ref.Kind == KindLines {
		return r.ref.Count
	}
	return -1
}

// All iterates over the elements in order; it ends after the first error.
func (r Rows) All(ctx context.Context) iter.Seq2[any, error] {
	if r.ref != nil {
		return r.ref.Lines(ctx)
	}
	return func(yield func(any, error) bool) {
		for i, e := range r.list {
			var err error
			if i%1024 == 0 {
				err = ctx.Err()
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		for i := range r.n {
			if !yield(i+1, nil) {
				return
			}
		}
	}
}

// Value returns the canonical value: a list or a *Ref.
func (r Rows) Value() any {
	if r.ref != nil {
		return r.ref
	}
	if r.n > 0 {
		list := make([]any, r.n)
		for i := range list {
			list[i] = i + 1
		}
		return list
	}
	if r.list == nil {
		return []any{}
	}
	return r.list
}

// Sink stores content by digest; the artifact store implements it.
type Sink interface {
	Opener
	Put(ctx context.Context, write func(io.Writer) error) (digest string, size int64, err error)
}

// SpillSize is the encoded size, in bytes, above which a value leaves the
// record and travels as a Ref.
const SpillSize = 64 << 10

// BuildRows collects the elements that fill yields. A list whose encoding is
// larger than SpillSize goes to the store as it is made, so that memory stays
// bounded. The yield function returns false when writing failed; fill must then
// stop.
func BuildRows(ctx context.Context, to Sink, fill func(yield func(any) bool) error) (Rows, error) {
	b := &rowsBuilder{ctx: ctx, to: to}
	if err := fill(b.add); b.err == nil {
		b.err = err
	}
	return b.finish()
}

type rowsBuilder struct {
	ctx    context.Context
	to     Sink
	list   []any
	buf    []byte
	size   int
	count  int
	err    error
	pipe   *io.PipeWriter
	out    *bufio.Writer
	result chan putResult
}

type putResult struct {
	digest string
	size   int64
	err    error
}

func (b *rowsBuilder) add(v any) bool {
	if b.err != nil {
		return false
	}
	v, b.err = Normalize(v)
	if b.err == nil {
		b.buf, b.err = Encode(b.buf[:0], v)
	}
	if b.err != nil {
		return false
	}
	b.count++
	b.size += len(b.buf) + 1
	if b.pipe == nil {
		b.list = append(b.list, v)
		if b.size > SpillSize && b.to != nil {
			b.err = b.spill()
		}
		return b.err == nil
	}
	b.err = b.write(b.buf)
	return b.err == nil
}

func (b *rowsBuilder) write(line []byte) error {
	if _, err := b.out.Write(line); err != nil {
		return err
	}
	return b.out.WriteByte('\n')
}

func (b *rowsBuilder) spill() error {
	r, w := io.Pipe()
	b.pipe, b.out, b.result = w, bufio.NewWriterSize(w, 64<<10), make(chan putResult, 1)
	go func() {
		d, n, err := b.to.Put(b.ctx, func(dst io.Writer) error {
			_, err := io.Copy(dst, r)
			return err
		})
		_ = r.CloseWithError(err)
		b.result <- putResult{d, n, err}
	}()
	var line []byte
	for _, v := range b.list {
		var err error
		if line, err = Encode(line[:0], v); err != nil {
			return err
		}
		if err := b.write(line); err != nil {
			return err
		}
	}
	b.list = nil
	return nil
}

func (b *rowsBuilder) finish() (Rows, error) {
	if b.pipe == nil {
		return Rows{list: b.list}, b.err
	}
	if b.err == nil {
		b.err = b.out.Flush()
	}
	_ = b.pipe.CloseWithError(b.err)
	res := <-b.result
	if b.err != nil {
		return Rows{}, b.err
	}
	if res.err != nil {
		return Rows{}, res.err
	}
	return Rows{ref: NewRef(res.digest, KindLines, res.size, b.count, b.to)}, nil
}
