package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// Robot is a process that does jobs, as the others see it.
type Robot struct {
	Name    string            `json:"name"`
	Owner   string            `json:"owner"` // its process, see run.Self
	Labels  []string          `json:"labels"`
	Facts   map[string]string `json:"facts,omitempty"` // of its machine, for people
	Slots   int               `json:"slots"`           // jobs at a time
	Busy    int               `json:"busy"`            // jobs it has now
	Paused  bool              `json:"paused"`          // in maintenance: it takes no new jobs
	State   RobotState        `json:"state"`
	Started time.Time         `json:"started"`
	Seen    time.Time         `json:"seen"` // its last heartbeat
}

// RobotState is what a robot does.
type RobotState string

// The states of robots. Lost is derived: nothing was heard for SilentAfter.
const (
	Online   RobotState = "online"
	Paused   RobotState = "paused"   // it has heard that it is in maintenance
	Draining RobotState = "draining" // it ends what it has and takes nothing new
	Offline  RobotState = "offline"  // it said good-bye
	Lost     RobotState = "lost"
)

// SilentAfter is how long a robot may be silent before it counts as lost.
const SilentAfter = LeaseTime

// Errors about robots.
var (
	ErrNoRobot    = errors.New("there is no such robot")
	ErrRobotLives = errors.New("the robot must be stopped first")
)

// ErrNameTaken says that a live robot has the name already.
var ErrNameTaken = errors.New("another robot has this name")

// bury ends the leases of a robot whose process is gone: nobody does its jobs
// any more, and nobody needs to wait until the leases run out.
func bury(ctx context.Context, tx *db.Tx, name, owner string) error {
	n, err := tx.Exec(ctx, `UPDATE {s}robot SET state = 'offline', busy = 0 WHERE name = $1 AND owner = $2 AND state <> 'offline'`, name, owner)
	if err == nil && n > 0 {
		_, err = tx.Exec(ctx, `UPDATE {s}job SET lease_until = 0 WHERE state = 1 AND robot = $1`, name)
	}
	if err != nil {
		return fmt.Errorf("freeing the jobs of robot %s: %w", name, err)
	}
	return nil
}

// Bury frees the jobs of the robots whose processes are certainly gone, as gone
// says. A process can say so of those on its own machine.
func (q *Queue) Bury(ctx context.Context, gone func(owner string) bool) error {
	list, err := q.Robots(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.State == Offline || !gone(r.Owner) {
			continue
		}
		if err := q.db.Tx(ctx, func(tx *db.Tx) error { return bury(ctx, tx, r.Name, r.Owner) }); err != nil {
			return err
		}
	}
	return nil
}

// Register makes a robot known, or known again after a restart. The jobs that
// the process before it had are free at once if gone says that process is
// certainly gone. A live robot's name is refused.
func (q *Queue) Register(ctx context.Context, r Robot, gone func(owner string) bool) error {
	for _, l := range r.Labels {
		if err := CheckLabel(l); err != nil {
			return err
		}
	}
	labels, err := json.Marshal(r.Labels)
	if err != nil {
		return err
	}
	facts, err := json.Marshal(r.Facts)
	if err != nil {
		return err
	}
	return q.db.Tx(ctx, func(tx *db.Tx) error {
		var owner string
		var state RobotState
		var seen, now int64
		err := tx.QueryRow(ctx, `SELECT owner, state, seen, {now} FROM {s}robot WHERE name = $1`, r.Name).Scan(&owner, &state, &seen, &now)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return fmt.Errorf("looking for robot %s: %w", r.Name, err)
		case owner == r.Owner:
		case gone(owner):
			if err := bury(ctx, tx, r.Name, owner); err != nil {
				return err
			}
		case state != Offline && now-seen < SilentAfter.Milliseconds():
			return fmt.Errorf("%w: %s was heard of %s ago, from %s (choose another with --name, or wait until that one is gone)", ErrNameTaken, r.Name, time.Duration(now-seen)*time.Millisecond, owner)
		}
		_, err = tx.Exec(ctx, `INSERT INTO {s}robot (name, owner, labels, facts, slots, state, started, seen) VALUES ($1, $2, $3, $4, $5, 'online', {now}, {now})
			ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, labels = excluded.labels, facts = excluded.facts, slots = excluded.slots, busy = 0, state = 'online', started = excluded.started, seen = excluded.seen`,
			r.Name, r.Owner, string(labels), string(facts), r.Slots)
		if err != nil {
			return fmt.Errorf("registering robot %s: %w", r.Name, err)
		}
		return nil
	})
}

// Beat says that a robot lives, what it does and how many jobs it has. It
// returns whether it is paused, and ErrNameTaken if another process has taken
// its name.
func (q *Queue) Beat(ctx context.Context, name, owner string, state RobotState, busy int) (paused bool, err error) {
	var p int
	err = q.db.QueryRow(ctx, `UPDATE {s}robot SET seen = {now}, state = $1, busy = $2 WHERE name = $3 AND owner = $4 RETURNING paused`, state, busy, name, owner).Scan(&p)
	if errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("%w: %s", ErrNameTaken, name)
	}
	return p != 0, err
}

// Pause puts a robot into maintenance, or takes it out. It ends what it has.
func (q *Queue) Pause(ctx context.Context, name string, paused bool) error {
	n, err := q.db.Exec(ctx, `UPDATE {s}robot SET paused = $1 WHERE name = $2`, map[bool]int{true: 1}[paused], name)
	if err != nil {
		return fmt.Errorf("pausing robot %s: %w", name, err)
	}
	if n == 0 {
		return fmt.Errorf("%w: %q (`aether robot list` shows them)", ErrNoRobot, name)
	}
	return nil
}

// ForgetRobot removes a robot that is offline or lost.
func (q *Queue) ForgetRobot(ctx context.Context, name string) error {
	list, err := q.Robots(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(r *Robot) bool { return r.Name == name })
	switch {
	case i < 0:
		return fmt.Errorf("%w: %q (`aether robot list` shows them)", ErrNoRobot, name)
	case list[i].State != Offline && list[i].State != Lost:
		return fmt.Errorf("%w: robot %s is %s", ErrRobotLives, name, list[i].State)
	}
	_, err = q.db.Exec(ctx, `DELETE FROM {s}robot WHERE name = $1`, name)
	return err
}

// Robots lists all robots by name.
func (q *Queue) Robots(ctx context.Context) ([]*Robot, error) {
	rows, err := q.db.Query(ctx, `SELECT name, owner, labels, facts, slots, busy, paused, state, started, seen, {now} FROM {s}robot ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("listing robots: %w", err)
	}
	defer rows.Close()
	var out []*Robot
	for rows.Next() {
		var r Robot
		var labels, facts string
		var paused int
		var started, seen, now int64
		if err := rows.Scan(&r.Name, &r.Owner, &labels, &facts, &r.Slots, &r.Busy, &paused, &r.State, &started, &seen, &now); err != nil {
			return nil, fmt.Errorf("listing robots: %w", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(labels), &r.Labels), json.Unmarshal([]byte(facts), &r.Facts)); err != nil {
			return nil, fmt.Errorf("robot %s is damaged in the database: %w", r.Name, err)
		}
		r.Paused, r.Started, r.Seen = paused != 0, db.Time(started), db.Time(seen)
		if r.State != Offline && now-seen > SilentAfter.Milliseconds() {
			r.State = Lost
		}
		out = append(out, &r)
	}
	return out, rows.Err()
}

// Why says in a sentence for each robot why it does not take a job; the first
// sentence is about the job itself.
func (q *Queue) Why(ctx context.Context, id int64) ([]string, error) {
	j, err := q.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	now, err := q.Now(ctx)
	if err != nil {
		return nil, err
	}
	switch j.State {
	case Leased:
		return []string{fmt.Sprintf("Robot %s has it since %s; its lease lasts %s more.", j.Robot, j.Claimed.Format(time.TimeOnly), j.Lease.Sub(now).Round(time.Second))}, nil
	case Later:
		if j.After.Equal(Forever) {
			return []string{"Its run waits for an answer or a message."}, nil
		}
		why := "It is not to begin"
		if j.Attempt > 0 {
			why = fmt.Sprintf("Attempt %d failed (%s); it rests", j.Attempt, j.Reason)
		}
		return []string{fmt.Sprintf("%s until %s, in %s.", why, j.After.Format(time.DateTime), j.After.Sub(now).Round(time.Second))}, nil
	case Held:
		return []string{fmt.Sprintf("Its slot %s is full: %d may be ready or at work at a time.", j.Slot.Key, j.Slot.Limit)}, nil
	case Dead, Poison:
		return []string{fmt.Sprintf("It is a dead letter: %s. `aether queue requeue %d` tries it again.", j.Reason, j.ID)}, nil
	}
	var before int
	if err := q.db.QueryRow(ctx, `SELECT count(*) FROM {s}job a, {s}job b WHERE b.id = $1 AND a.state = 0 AND a.lane = b.lane AND (a.rank < b.rank OR a.rank = b.rank AND a.id < b.id)`, id).Scan(&before); err != nil {
		return nil, fmt.Errorf("counting the jobs before it: %w", err)
	}
	out := []string{fmt.Sprintf("It is ready; %d jobs of the same kind are before it.", before)}
	robots, err := q.Robots(ctx)
	if err != nil {
		return nil, err
	}
	if len(robots) == 0 {
		return append(out, "No robot has ever registered: start one with `aether robot`."), nil
	}
	needs, err := ParseNeeds(j.Needs)
	if err != nil {
		return nil, err
	}
	for _, r := range robots {
		out = append(out, "Robot "+r.Name+" "+r.whyNot(needs, now))
	}
	return out, nil
}

func (r *Robot) whyNot(needs Needs, now time.Time) string {
	switch {
	case r.State == Offline:
		return "is offline."
	case r.State == Lost:
		return fmt.Sprintf("was not heard of for %s.", now.Sub(r.Seen).Round(time.Second))
	case !needs.Fit(r.Labels):
		return fmt.Sprintf("does not have what it needs (%s): it has %s.", needs, words(r.Labels))
	case r.State == Draining:
		return "is draining: it takes no new jobs."
	case r.Paused:
		return "is in maintenance (`aether robot resume " + r.Name + "` ends it)."
	case r.Busy >= r.Slots:
		return fmt.Sprintf("is busy: it has %d of %d jobs.", r.Busy, r.Slots)
	}
	return "could take it: it will when the jobs before it are taken."
}

func words(list []string) string {
	if len(list) == 0 {
		return "no labels"
	}
	out := ""
	for i, l := range list {
		if i > 0 {
			out += ", "
		}
		out += l
	}
	return out
}
