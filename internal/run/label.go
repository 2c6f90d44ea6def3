package run

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/aether-rpa/aether/internal/db"
)

// MaxLabels is how many labels a run may have.
const MaxLabels = 20

// maxLabel bounds the letters of a label; the pattern does not, which would be compiled at every start, to megabytes.
const maxLabel = 60

var labelRE = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_.:/=@+-]*$`)

// CheckLabels returns labels sorted and each once, or says which is none.
func CheckLabels(labels []string) ([]string, error) {
	for _, l := range labels {
		if utf8.RuneCountInString(l) > maxLabel || !labelRE.MatchString(l) {
			return nil, fmt.Errorf("%q is no label: write up to 60 letters, digits and _ . : / = @ + -, beginning with a letter or digit", l)
		}
	}
	out := slices.Compact(slices.Sorted(slices.Values(labels)))
	if len(out) > MaxLabels {
		return nil, fmt.Errorf("a run has up to %d labels, and these are %d", MaxLabels, len(out))
	}
	return out, nil
}

// label notes the labels of a new run where they are looked for.
func label(ctx context.Context, tx *db.Tx, r *Run) error {
	for _, l := range r.Labels {
		if _, err := tx.Exec(ctx, `INSERT INTO {s}run_label (label, created, run) VALUES ($1, $2, $3) ON CONFLICT (label, created, run) DO NOTHING`, l, r.Created.UnixMilli(), r.ID); err != nil {
			return err
		}
	}
	return nil
}

// Request says who asks for runs, and what is said of them.
type Request struct {
	By     string
	Labels []string // see CheckLabels
}

type requestKey struct{}

// Requested says who asks for the runs that are added with the context, where the runs themselves do not say it.
func Requested(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// request fills in what the context knows of a new run.
func (r *Run) request(ctx context.Context) {
	q, _ := ctx.Value(requestKey{}).(Request)
	if r.StartedBy == "" {
		r.StartedBy = q.By
	}
	if r.Labels == nil {
		r.Labels = q.Labels
	}
}
