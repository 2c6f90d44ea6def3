package run

import "context"

// Asked tells whether somebody asked to cancel the run, and how many messages came on
// a topic; it is cheap and may be asked often.
func (s *Store) Asked(ctx context.Context, r *Run, topic string) (cancel bool, messages int64, err error) {
	var c int
	var fence int64
	err = s.db.QueryRow(ctx, `SELECT cancel, fence, (SELECT count(*) FROM {s}message WHERE run = $1 AND topic = $2) FROM {s}run WHERE id = $1`, r.ID, topic).Scan(&c, &fence, &messages)
	if err == nil && fence != r.fence {
		return false, 0, ErrLeaseLost
	}
	return c != 0, messages, err
}
