package run

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// searched is how many runs that failed a search looks at before it answers with
// what it has.
const searched = 2000

// Search returns runs that failed with a text in what is said of it, as List does:
// at most f.Limit. Where there may be more it says from where to go on; it then
// may have found none.
func (s *Store) Search(ctx context.Context, f Filter, text string) (list []*Run, next *Place, err error) {
	if f.Status == "" {
		f.Status = Failed
	}
	limit := f.Limit
	f.Limit = searched
	ids, next, err := s.found(ctx, f, strings.ToLower(text), limit)
	if err != nil || len(ids) == 0 {
		return nil, next, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	marks := make([]string, len(ids))
	args := make([]any, len(ids))
	for i, id := range ids {
		marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
	}
	list, err = s.list(ctx, `SELECT `+columns+` FROM {s}run WHERE id IN (`+strings.Join(marks, ",")+`) ORDER BY created DESC, id DESC`, args, now)
	return list, next, err
}

// found returns the ids of the first runs in which a text in lower case is found.
func (s *Store) found(ctx context.Context, f Filter, text string, limit int) (ids []string, next *Place, err error) {
	q, args := s.query(f, `id, created, failure`)
	rows, err := s.db.Query(ctx, q, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("searching runs: %w", err)
	}
	defer rows.Close()
	var last Place
	n := 0
	for ; rows.Next(); n++ {
		var id, failure string
		var created int64
		if err := rows.Scan(&id, &created, &failure); err != nil {
			return nil, nil, fmt.Errorf("searching runs: %w", err)
		}
		if says(failure, text) {
			if len(ids) == limit {
				return ids, &last, nil
			}
			ids = append(ids, id)
		}
		last = Place{Created: time.UnixMilli(created), ID: id}
	}
	if n == f.Limit {
		next = &last
	}
	return ids, next, rows.Err()
}

// says reports whether a text stands in what people read of a failure.
func says(failure, text string) bool {
	var f node.Failure
	// JSON writes plain text as it is, so most that is passed over need not be read.
	if failure == "" || plain(text) && !strings.Contains(strings.ToLower(failure), text) {
		return false
	}
	if json.Unmarshal([]byte(failure), &f) != nil {
		return false
	}
	for _, s := range []string{f.Message, f.Hint, f.Kind, f.Node, f.Path} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return false
}

// plain reports whether JSON writes a text as it is.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r > '~' || strings.ContainsRune(`"\<>&`, r)
	})
}
