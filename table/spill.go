package table

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// run is a temporary file of rows. It is written once and may be read many
// times.
type run struct {
	space *Space
	file  *os.File
	count int
}

// writeRun writes the rows that fill yields to a new temporary file.
func (s *Space) writeRun(fill func(put func(any) error) error) (r *run, err error) {
	if s.Temp == nil {
		return nil, errors.New("the rows do not fit in memory and there is no folder for temporary files")
	}
	dir, err := s.Temp()
	if err != nil {
		return nil, fmt.Errorf("finding the folder for temporary files: %w", err)
	}
	f, err := os.CreateTemp(dir, "rows-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	r = &run{space: s, file: f}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if s.spilled != nil {
		s.spilled.Add(1)
	}
	w := bufio.NewWriterSize(f, 64<<10)
	var buf []byte
	err = fill(func(v any) error {
		var err error
		if buf, err = encode(buf[:0], v); err != nil {
			return err
		}
		r.count++
		_, err = w.Write(buf)
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("writing a temporary file: %w", err)
	}
	return r, nil
}

// rows reads the file from its start; several readers may be under way at once.
func (r *run) rows(ctx context.Context) Seq {
	return func(yield func(any, error) bool) {
		src := io.NewSectionReader(r.file, 0, 1<<62)
		d := &decoder{r: bufio.NewReaderSize(src, 32<<10), from: r.space.From, names: map[string]string{}}
		for i := range r.count {
			v, err := d.next()
			if err == nil {
				err = every(ctx, i)
			}
			if err != nil {
				yield(nil, fmt.Errorf("reading a temporary file: %w", err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// close removes the file. What cannot be removed goes with the run's folder.
func (r *run) close() {
	_ = r.file.Close()
	_ = os.Remove(r.file.Name())
}

// Buffer keeps rows to be read several times: in memory while they fit, in a
// temporary file beyond that. Close it when done.
type Buffer struct {
	space *Space
	list  []any
	size  int64
	runs  []*run
}

// Buffer returns an empty buffer.
func (s *Space) Buffer() *Buffer { return &Buffer{space: s} }

// Add appends a row.
func (b *Buffer) Add(v any) error {
	b.list = append(b.list, v)
	if b.size += Size(v); b.size <= b.space.Memory {
		return nil
	}
	r, err := b.space.writeRun(func(put func(any) error) error {
		for _, v := range b.list {
			if err := put(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.runs = append(b.runs, r)
	clear(b.list)
	b.list, b.size = b.list[:0], 0
	return nil
}

// AddAll appends every row of a stream.
func (b *Buffer) AddAll(rows Seq) error {
	for v, err := range rows {
		if err == nil {
			err = b.Add(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// All returns the rows in the order they were added.
func (b *Buffer) All(ctx context.Context) Seq {
	return func(yield func(any, error) bool) {
		for _, r := range b.runs {
			for v, err := range r.rows(ctx) {
				if !yield(v, err) || err != nil {
					return
				}
			}
		}
		for _, v := range b.list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// Close removes the temporary files. It may be called twice.
func (b *Buffer) Close() {
	for _, r := range b.runs {
		r.close()
	}
	b.runs, b.list, b.size = nil, nil, 0
}

// cursor walks a stream one row at a time.
type cursor struct {
	row  any
	ok   bool
	next func() (any, error, bool)
	stop func()
}

func open(rows Seq) *cursor {
	next, stop := iter.Pull2(rows)
	return &cursor{next: next, stop: stop}
}

// step moves to the next row; ok is false at the end.
func (c *cursor) step() error {
	v, err, ok := c.next()
	if ok && err != nil {
		return err
	}
	c.row, c.ok = v, ok
	return nil
}
