package book

import (
	"errors"
	"io"
	"os"
)

// stringTable holds the shared texts of a workbook. The first memoryTexts bytes
// of them are held in memory; a table that is larger lives in a file.
type stringTable struct {
	blocks []stringBlock
	count  int
	size   int64 // of all texts
	mem    []byte
	file   *os.File
	window []byte // a piece of the file
	at     int64  // where it begins
	temp   func() (string, error)
}

// A stringBlock holds where its texts end, counted from its base. Four bytes a
// text instead of a string header of sixteen.
type stringBlock struct {
	base int64
	ends []uint32
}

const (
	blockTexts  = 4096
	memoryTexts = 32 << 20
	windowSize  = 256 << 10
)

func (t *stringTable) add(b []byte) error {
	if t.count%blockTexts == 0 {
		t.blocks = append(t.blocks, stringBlock{base: t.size, ends: make([]uint32, 0, blockTexts)})
	}
	k := &t.blocks[len(t.blocks)-1]
	t.size += int64(len(b))
	if t.size-k.base >= 1<<32 {
		return tooLarge("its table of texts is too large")
	}
	k.ends = append(k.ends, uint32(t.size-k.base))
	t.count++
	t.mem = append(t.mem, b...)
	if len(t.mem) <= memoryTexts {
		return nil
	}
	return t.spill()
}

// spill moves the texts in memory to the file.
func (t *stringTable) spill() error {
	if t.file == nil {
		dir, err := t.temp()
		if err != nil {
			return err
		}
		if t.file, err = os.CreateTemp(dir, "texts-*"); err != nil {
			return err
		}
	}
	_, err := t.file.Write(t.mem)
	t.mem = t.mem[:0]
	return err
}

// done ends the adding.
func (t *stringTable) done() error {
	if t.file == nil {
		return nil
	}
	err := t.spill()
	t.mem = nil
	return err
}

func (t *stringTable) get(i int) (string, error) {
	if i < 0 || i >= t.count {
		return "", bad("a cell refers to text number %d, but there are %d", i, t.count)
	}
	k, n := &t.blocks[i/blockTexts], i%blockTexts
	from := k.base
	if n > 0 {
		from += int64(k.ends[n-1])
	}
	to := k.base + int64(k.ends[n])
	if t.file == nil {
		return string(t.mem[from:to]), nil
	}
	// Cells mostly refer to texts in their order.
	if from < t.at || to > t.at+int64(len(t.window)) {
		size := max(int64(windowSize), to-from)
		if int64(cap(t.window)) < size {
			t.window = make([]byte, size)
		}
		n, err := t.file.ReadAt(t.window[:size], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		t.window, t.at = t.window[:n], from
		if to > t.at+int64(n) {
			return "", io.ErrUnexpectedEOF
		}
	}
	return string(t.window[from-t.at : to-t.at]), nil
}

func (t *stringTable) close() error {
	if t.file == nil {
		return nil
	}
	err := errors.Join(t.file.Close(), os.Remove(t.file.Name()))
	t.file = nil
	return err
}
