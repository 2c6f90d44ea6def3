package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[compareIn, compareOut]{
		Type:   "file.compare",
		Title:  "Compare two files",
		Doc:    "Tells whether two files have the same content, byte for byte, and where they first differ.",
		Effect: node.Read,
		Examples: []node.Example[compareIn, compareOut]{{
			Title: "Two equal files",
			Files: map[string]string{"a": "same", "b": "same"},
			In:    compareIn{First: "a", Second: "b"},
			Out:   compareOut{Equal: true, Offset: -1, FirstSize: 4, SecondSize: 4},
		}, {
			Title: "One is longer",
			Files: map[string]string{"a": "same", "b": "same!"},
			In:    compareIn{First: "a", Second: "b"},
			Out:   compareOut{Offset: 4, FirstSize: 4, SecondSize: 5},
		}},
		Run: compare,
	})
	node.Register(node.Spec[setTimesIn, setTimesOut]{
		Type:   "file.set_times",
		Title:  "Set time of file",
		Doc:    "Sets when a file or folder was last changed, and optionally when it was last read.",
		Effect: node.Idempotent,
		Examples: []node.Example[setTimesIn, setTimesOut]{{
			Title: "Date a file back",
			Files: map[string]string{"a": ""},
			In:    setTimesIn{Path: "a", Modified: "2026-01-31T08:00:00+01:00"},
			Out:   setTimesOut{Modified: "2026-01-31T07:00:00Z"},
		}, {
			Title: "Set both times to a day",
			Files: map[string]string{"a": ""},
			In:    setTimesIn{Path: "a", Modified: "2026-01-31", Accessed: "2026-02-01"},
			Out:   setTimesOut{Modified: "2026-01-31T00:00:00Z"},
		}},
		Run: func(_ context.Context, env *node.Env, in setTimesIn) (setTimesOut, error) {
			mod, err := parseTime(in.Modified)
			if err != nil {
				return setTimesOut{}, err
			}
			var acc time.Time
			if in.Accessed != "" {
				if acc, err = parseTime(in.Accessed); err != nil {
					return setTimesOut{}, err
				}
			}
			err = env.Files.Chtimes(in.Path, acc, mod)
			return setTimesOut{Modified: stamp(mod)}, tell(err, "setting the time of "+in.Path, in.Path)
		},
	})
}

type compareIn struct {
	First  string `json:"first" is:"required" widget:"file" doc:"One file."`
	Second string `json:"second" is:"required" widget:"file" doc:"The other file."`
}

type compareOut struct {
	Equal      bool `json:"equal" doc:"Whether the contents are the same."`
	Offset     int  `json:"offset" doc:"First byte that differs, counted from 0; -1 when none does."`
	FirstSize  int  `json:"first_size" doc:"Size of the first file in bytes."`
	SecondSize int  `json:"second_size" doc:"Size of the second file in bytes."`
}

func compare(ctx context.Context, env *node.Env, in compareIn) (compareOut, error) {
	a, ia, err := openFile(env, in.First)
	if err != nil {
		return compareOut{}, err
	}
	defer a.Close()
	b, ib, err := openFile(env, in.Second)
	if err != nil {
		return compareOut{}, err
	}
	defer b.Close()
	at, err := firstDifference(reader{ctx, a}, reader{ctx, b})
	if err != nil {
		return compareOut{}, tell(err, "comparing "+in.First+" with "+in.Second, in.First)
	}
	return compareOut{Equal: at < 0, Offset: at, FirstSize: int(ia.Size()), SecondSize: int(ib.Size())}, nil
}

func firstDifference(a, b io.Reader) (int, error) {
	const step = 64 << 10
	ra, rb := bufio.NewReaderSize(a, step), bufio.NewReaderSize(b, step)
	for at := 0; ; {
		pa, ea := ra.Peek(step)
		pb, eb := rb.Peek(step)
		for _, err := range []error{ea, eb} {
			if err != nil && !errors.Is(err, io.EOF) {
				return 0, err
			}
		}
		n := min(len(pa), len(pb))
		if !bytes.Equal(pa[:n], pb[:n]) {
			for i := range n {
				if pa[i] != pb[i] {
					return at + i, nil
				}
			}
		}
		if len(pa) != len(pb) {
			return at + n, nil
		}
		if n == 0 {
			return -1, nil
		}
		_, _ = ra.Discard(n)
		_, _ = rb.Discard(n)
		at += n
	}
}

type setTimesIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"File or folder."`
	Modified string `json:"modified" is:"required" doc:"Time of the last change, as 2026-01-31 (UTC) or 2026-01-31T08:00:00+01:00."`
	Accessed string `json:"accessed" is:"advanced" doc:"Time of the last reading; left as it is when empty."`
}

type setTimesOut struct {
	Modified string `json:"modified" doc:"Time that was set, in UTC."`
}
