package table

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/aether-rpa/aether/value"
)

// Tags of the form rows have in temporary files. It is several times faster to
// read back than JSON, and lives no longer than one operation.
const (
	tagNil = iota
	tagFalse
	tagTrue
	tagInt
	tagFloat
	tagString
	tagList
	tagMap
	tagRef
)

func encode(dst []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return append(dst, tagNil), nil
	case bool:
		if x {
			return append(dst, tagTrue), nil
		}
		return append(dst, tagFalse), nil
	case int:
		return binary.AppendVarint(append(dst, tagInt), int64(x)), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(dst, tagFloat), math.Float64bits(x)), nil
	case string:
		return appendText(append(dst, tagString), x), nil
	case []any:
		dst = binary.AppendUvarint(append(dst, tagList), uint64(len(x)))
		for _, e := range x {
			var err error
			if dst, err = encode(dst, e); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case map[string]any:
		dst = binary.AppendUvarint(append(dst, tagMap), uint64(len(x)))
		for k, e := range x {
			var err error
			if dst, err = encode(appendText(dst, k), e); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case *value.Ref:
		b, err := json.Marshal(x)
		return appendText(append(dst, tagRef), string(b)), err
	}
	return nil, fmt.Errorf("a %T is no canonical value", v)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// maxNames bounds the column names remembered while reading, so that rows with
// ever new names do not fill memory.
const maxNames = 4096

type decoder struct {
	r     *bufio.Reader
	from  value.Opener
	names map[string]string
	buf   []byte
}

func (d *decoder) next() (any, error) {
	tag, err := d.r.ReadByte()
	if err != nil {
		return nil, err
	}
	switch tag {
	case tagNil:
		return nil, nil
	case tagFalse, tagTrue:
		return tag == tagTrue, nil
	case tagInt:
		n, err := binary.ReadVarint(d.r)
		return int(n), err
	case tagFloat:
		b, err := d.bytes(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
	case tagString:
		b, err := d.text()
		return string(b), err
	case tagList:
		return d.list()
	case tagMap:
		return d.fields()
	case tagRef:
		b, err := d.text()
		if err != nil {
			return nil, err
		}
		var r value.Ref
		if err := json.Unmarshal(b, &r); err != nil {
			return nil, err
		}
		return value.NewRef(r.Digest, r.Kind, r.Size, r.Count, d.from), nil
	}
	return nil, fmt.Errorf("the temporary file is damaged: unknown tag %d", tag)
}

func (d *decoder) list() (any, error) {
	n, err := binary.ReadUvarint(d.r)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, min(n, 1<<16))
	for range n {
		v, err := d.next()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (d *decoder) fields() (any, error) {
	n, err := binary.ReadUvarint(d.r)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, min(n, 1<<16))
	for range n {
		b, err := d.text()
		if err != nil {
			return nil, err
		}
		k, known := d.names[string(b)]
		if !known {
			k = string(b)
			if len(d.names) < maxNames {
				d.names[k] = k
			}
		}
		if out[k], err = d.next(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *decoder) text() ([]byte, error) {
	n, err := binary.ReadUvarint(d.r)
	if err != nil {
		return nil, err
	}
	if n > math.MaxInt32 {
		return nil, fmt.Errorf("the temporary file is damaged: a text of %d bytes", n)
	}
	return d.bytes(int(n))
}

func (d *decoder) bytes(n int) ([]byte, error) {
	if cap(d.buf) < n || cap(d.buf) > 1<<20 && n < 1<<16 {
		d.buf = make([]byte, max(n, 256))
	}
	b := d.buf[:n]
	_, err := io.ReadFull(d.r, b)
	return b, err
}
