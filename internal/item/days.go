package item

import (
	"context"
	"fmt"
	"time"
)

// Day is what happened in a queue on a day in UTC.
type Day struct {
	Day        string `json:"day"` // 2026-11-30
	Added      int    `json:"added"`
	Successful int    `json:"successful"`
	Failed     int    `json:"failed"` // abandoned ones and retried ones included
}

// dayMS is a day in milliseconds.
const dayMS = int64(24 * time.Hour / time.Millisecond)

// Days tells what happened in a queue on the last days, the present one last.
func (s *Store) Days(ctx context.Context, q *Queue, days int) ([]Day, error) {
	t, err := now(ctx, s.db)
	if err != nil {
		return nil, err
	}
	last := t / dayMS
	first := last - int64(days) + 1
	out := make([]Day, days)
	for i := range out {
		out[i].Day = time.UnixMilli((first + int64(i)) * dayMS).UTC().Format(time.DateOnly)
	}
	rows, err := s.db.Query(ctx, `SELECT created / $1, 0, count(*) FROM {s}item WHERE queue = $2 AND created >= $3 GROUP BY 1
		UNION ALL SELECT ended / $1, state, count(*) FROM {s}item WHERE queue = $2 AND ended >= $3 AND state IN (3, 4, 5, 6) GROUP BY 1, 2`, dayMS, q.id, first*dayMS)
	if err != nil {
		return nil, fmt.Errorf("counting the items of queue %s by day: %w", q.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var day int64
		var state, n int
		if err := rows.Scan(&day, &state, &n); err != nil {
			return nil, fmt.Errorf("counting the items of queue %s by day: %w", q.Name, err)
		}
		if day < first || day > last {
			continue
		}
		switch d := &out[day-first]; state {
		case stNew:
			d.Added += n
		case stSuccessful:
			d.Successful += n
		default:
			d.Failed += n
		}
	}
	return out, rows.Err()
}
