package pdf

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
	"github.com/aether-rpa/aether/value"
)

func asText(v any) (string, error) {
	switch x := v.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case bool, int, float64:
		return fmt.Sprint(x), nil
	}
	return "", input("give text", "it takes text, not a %s", value.Kind(v))
}

func asBool(v any) (bool, error) {
	switch x := v.(type) {
	case nil:
		return false, nil
	case bool:
		return x, nil
	case int:
		return x != 0, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(x)) {
		case "true", "yes", "on", "1", "x":
			return true, nil
		case "false", "no", "off", "0", "":
			return false, nil
		}
	}
	return false, input("give true or false", "it is a check box and takes true or false")
}

var dateTokens = regexp.MustCompile(`y{2,4}|m{1,4}|d{1,2}`)

// asDate writes an ISO date in the format of the field, such as dd.mm.yyyy;
// other text is taken as it is.
func asDate(v any, format string) (string, error) {
	s, err := asText(v)
	if err != nil || s == "" {
		return s, err
	}
	t, err := time.Parse(time.DateOnly, s[:min(len(s), 10)])
	if err != nil {
		return s, nil
	}
	layouts := map[string]string{"yyyy": "2006", "yy": "06", "mmmm": "January", "mmm": "Jan", "mm": "01", "m": "1", "dd": "02", "d": "2"}
	return t.Format(dateTokens.ReplaceAllStringFunc(format, func(tok string) string { return layouts[tok] })), nil
}

type flattenIn struct {
	source
	target
}

// flatten has PDFium write the document without fields.
func (s source) flatten(ctx context.Context, env *node.Env, to string) (changedOut, error) {
	out := changedOut{File: to}
	err := env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error {
		return s.read(ctx, env, func(_ context.Context, d *pdfium.Doc) error {
			out.PageCount = d.Pages()
			c := &counting{w: w}
			err := d.Flatten(c)
			out.Size = c.n
			return err
		})
	})
	return out, tell(err, to)
}

type counting struct {
	w io.Writer
	n int
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += n
	return n, err
}
