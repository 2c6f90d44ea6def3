package casare

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/aether-rpa/aether/value"
)

// object is a JSON object that remembers the order of its keys: where a
// workflow has no StartNode, its nodes begin in the order of the file.
type object struct {
	keys []string
	at   map[string]any
}

func (o *object) get(names ...string) any {
	if o == nil {
		return nil
	}
	for _, n := range names {
		if v, ok := o.at[n]; ok && v != nil {
			return v
		}
	}
	return nil
}

func (o *object) text(names ...string) string {
	switch v := o.get(names...).(type) {
	case string:
		return v
	case int, float64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

func (o *object) object(names ...string) *object {
	v, _ := o.get(names...).(*object)
	return v
}

func (o *object) list(names ...string) []any {
	v, _ := o.get(names...).([]any)
	return v
}

// plain turns objects into maps.
func plain(v any) any {
	switch x := v.(type) {
	case *object:
		m := make(map[string]any, len(x.keys))
		for _, k := range x.keys {
			m[k] = plain(x.at[k])
		}
		return m
	case []any:
		l := make([]any, len(x))
		for i, e := range x {
			l[i] = plain(e)
		}
		return l
	}
	return v
}

// maxDepth bounds the nesting of a workflow file; CasareRPA's own limit for the
// config of a node is 10.
const maxDepth = 100

// maxSize bounds a workflow file after it was unpacked.
const maxSize = 64 << 20

var errDepth = errors.New("it is nested too deeply")

// unpack takes gzip, zstd and a byte order mark away.
func unpack(src []byte) ([]byte, error) {
	var r io.Reader
	switch {
	case bytes.HasPrefix(src, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, fmt.Errorf("unpacking gzip: %w", err)
		}
		r = z
	case bytes.HasPrefix(src, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(bytes.NewReader(src), zstd.WithDecoderMaxMemory(2*maxSize), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("unpacking zstd: %w", err)
		}
		defer z.Close()
		r = z
	}
	if r != nil {
		var err error
		if src, err = io.ReadAll(io.LimitReader(r, maxSize+1)); err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
	}
	if len(src) > maxSize {
		return nil, fmt.Errorf("it has more than %d MiB", maxSize>>20)
	}
	return bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), nil
}

// parse reads one JSON document. Of keys given twice the last counts, as in
// Python.
func parse(src []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows after the end of the document")
	}
	return v, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch x := t.(type) {
	case json.Number:
		return number(string(x))
	case json.Delim:
		if x == '[' {
			list := []any{}
			for d.More() {
				v, err := parseValue(d, depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		o := &object{at: map[string]any{}}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			key, _ := k.(string)
			if _, twice := o.at[key]; !twice {
				o.keys = append(o.keys, key)
			}
			o.at[key] = v
		}
		_, err := d.Token()
		return o, err
	}
	return t, nil
}

func number(s string) (any, error) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return int(i), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, fmt.Errorf("the number %s is too large", strings.ToValidUTF8(s[:min(len(s), 40)], "?"))
	}
	return value.Number(f)
}
