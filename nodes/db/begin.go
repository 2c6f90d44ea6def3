package db

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[beginIn, beginOut]{
		Type: "db.begin", Title: "Begin transaction", Effect: node.Once,
		Doc: "Begins a transaction that several nodes are part of: those of the same run whose connection has its session, until db.commit or db.rollback. " +
			"What they did is taken back if neither comes in time, and when Aether is stopped: a run that goes on then fails at its next statement. Use db.transaction where the statements can stand together; it keeps no locks.",
		Examples: []node.Example[beginIn, beginOut]{{
			Title: "Begin", DocOnly: "it needs a database",
			In: beginIn{Connection: connection{Driver: "sqlite", File: "bank.db"}},
		}},
		Check: func(in beginIn) error { return in.Connection.check() },
		Run:   begin,
	})
	node.Register(node.Spec[commitIn, endOut]{
		Type: "db.commit", Title: "Commit transaction", Effect: node.Once,
		Doc:      "Makes what was done since db.begin last, and ends the transaction.",
		Examples: []node.Example[commitIn, endOut]{{Title: "Commit", DocOnly: "it needs a database", In: commitIn{Connection: connection{Driver: "sqlite", File: "bank.db", Session: "{{ vars.session }}"}, MustBeOpen: true}}},
		Check:    func(in commitIn) error { return in.Connection.check() },
		Run: func(_ context.Context, env *node.Env, in commitIn) (endOut, error) {
			ended, err := in.Connection.end(env, true)
			if err == nil && !ended && in.MustBeOpen {
				err = node.Fail(node.KindInput, "the connection has no session, so that there is no transaction to commit", "give it the output session of db.begin")
			}
			return endOut{Ended: ended}, err
		},
	})
	node.Register(node.Spec[rollbackIn, endOut]{
		Type: "db.rollback", Title: "Roll transaction back", Effect: node.Once,
		Doc:      "Takes back what was done since db.begin, and ends the transaction. That none is open is no error, so that it can stand where errors are handled.",
		Examples: []node.Example[rollbackIn, endOut]{{Title: "Roll back", DocOnly: "it needs a database", In: rollbackIn{Connection: connection{Driver: "sqlite", File: "bank.db", Session: "{{ vars.session }}"}}}},
		Check:    func(in rollbackIn) error { return in.Connection.check() },
		Run: func(_ context.Context, env *node.Env, in rollbackIn) (endOut, error) {
			h, err := in.Connection.held(env)
			if err != nil { // one that is over is taken back, or was ended
				return endOut{}, nil //nolint:nilerr // there is nothing to take back
			}
			if h != nil {
				h.done()
			}
			ended, err := in.Connection.end(env, false)
			return endOut{Ended: ended}, err
		},
	})
}

type beginIn struct {
	Connection connection    `json:"connection" is:"required" doc:"The database."`
	Idle       time.Duration `json:"idle" default:"10m" min:"1" doc:"How long no node may use it before it is rolled back."`
}

type beginOut struct {
	Session string `json:"session" doc:"The transaction: give it to the connection of the nodes that are part of it."`
}

type commitIn struct {
	Connection connection `json:"connection" is:"required" doc:"The database, with the session of db.begin."`
	MustBeOpen bool       `json:"must_be_open" default:"true" is:"advanced" doc:"Fail if no transaction is open."`
}

type rollbackIn struct {
	Connection connection `json:"connection" is:"required" doc:"The database, with the session of db.begin."`
}

type endOut struct {
	Ended bool `json:"ended" doc:"False if no transaction was open."`
}

// held is a transaction that nodes of a run are part of. The node that uses it
// has its lock: a connection does one thing at a time.
type held struct {
	sync.Mutex
	s       *session
	release func()
	idle    time.Duration
	timer   *time.Timer
	used    time.Time // last, for a timer that ran out while a node waited for it
	over    bool
}

// holds are the open transactions of all runs of this process.
var holds = struct {
	sync.Mutex
	m map[string]*held
}{m: map[string]*held{}}

func (c connection) holdKey(env *node.Env) string { return env.Run.ID + "\x00" + c.Session }

// held returns the open transaction of a connection, locked; nil if it has none.
func (c connection) held(env *node.Env) (*held, error) {
	if c.Session == "" {
		return nil, nil
	}
	holds.Lock()
	h := holds.m[c.holdKey(env)]
	holds.Unlock()
	if h != nil {
		h.Lock()
		if !h.over {
			h.timer.Stop()
			return h, nil
		}
		h.Unlock()
	}
	f := node.Fail(node.KindInterrupted, "the transaction is no longer open: it was ended, was idle for too long, or Aether was stopped meanwhile; what was done in it and not committed was taken back", "run the flow anew, or use db.transaction, which is done in one step")
	f.Permanent = true
	return nil, f
}

// within returns the session of an open transaction for one node, whose close
// gives it back; nil if none is open.
func (c connection) within(env *node.Env) (*session, error) {
	h, err := c.held(env)
	if h == nil {
		return nil, err
	}
	s := *h.s
	s.close = func() {
		h.s.spent = h.s.spent || s.spent
		h.done()
	}
	return &s, nil
}

// done gives a transaction back after a node used it.
func (h *held) done() {
	h.used = time.Now()
	h.timer.Reset(h.idle)
	h.Unlock()
}

func begin(ctx context.Context, env *node.Env, in beginIn) (out beginOut, err error) {
	c := in.Connection
	id := make([]byte, 12)
	if _, err := io.ReadFull(env.Rand, id); err != nil {
		return out, err
	}
	c.Session = ""
	s, err := c.session(ctx, env, true)
	if err != nil {
		return out, err
	}
	// The transaction outlives this node, so that it cannot hang on its context.
	if s.tx, err = s.conn.BeginTx(context.WithoutCancel(ctx), nil); err != nil {
		s.close()
		return out, c.fail(cause(ctx, err), "beginning a transaction")
	}
	s.held = true
	h := &held{s: s, release: s.close, idle: in.Idle, used: time.Now()}
	out.Session = hex.EncodeToString(id) // another process does not know it
	c.Session = out.Session
	key := c.holdKey(env)
	h.Lock() // until all is noted
	defer h.Unlock()
	h.timer = time.AfterFunc(in.Idle, func() {
		h.Lock()
		defer h.Unlock()
		if !h.over && time.Since(h.used) >= h.idle {
			_ = h.end(key, (*sql.Tx).Rollback) // it was given up; the next statement of the run says so
		}
	})
	holds.Lock()
	holds.m[key] = h
	holds.Unlock()
	return out, nil
}

// end ends a transaction whose lock the caller has.
func (h *held) end(key string, how func(*sql.Tx) error) error {
	h.over = true
	h.timer.Stop()
	holds.Lock()
	if holds.m[key] == h {
		delete(holds.m, key)
	}
	holds.Unlock()
	err := how(h.s.tx)
	h.s.spent = h.s.spent || err != nil
	h.release()
	return err
}

func (c connection) end(env *node.Env, commit bool) (ended bool, err error) {
	h, err := c.held(env)
	if err != nil || h == nil {
		return false, err
	}
	defer h.Unlock()
	how, doing := (*sql.Tx).Rollback, "rolling back"
	if commit {
		how, doing = (*sql.Tx).Commit, "committing"
	}
	err = h.end(c.holdKey(env), how)
	if err != nil && commit && !answered(err) {
		return true, c.unsure(err, "the transaction")
	}
	return true, c.fail(err, doing)
}

// part runs fn within an open transaction so that what it did can be taken
// back alone, where the database knows savepoints.
func (s *session) part(ctx context.Context, fn func(*session) error) error {
	if s.c.Driver == "sqlserver" || s.c.Driver == "oracle" {
		return fn(s)
	}
	do := func(text string) error {
		_, err := s.tx.ExecContext(context.WithoutCancel(ctx), text)
		return s.c.fail(err, text)
	}
	if err := do("savepoint aether"); err != nil {
		return err
	}
	if err := fn(s); err != nil {
		return errors.Join(err, do("rollback to savepoint aether"))
	}
	return do("release savepoint aether")
}
