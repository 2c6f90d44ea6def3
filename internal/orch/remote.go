package orch

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/secret"
)

// Remote is what the orchestrator does for robots that reach it over HTTPS: they
// have no database, execute runs with an engine of their own, and tell what
// they recorded. Every call for a job names the fence of its lease.
type Remote struct{ *Orch }

// Caller is a robot that calls: its token and the data folder it works from. A
// robot that was started again with both is the same, and has what it recorded.
type Caller struct{ Token, Machine string }

func (c Caller) owner() string { return "remote:" + c.Token + "/" + c.Machine }

// Lease names the lease of a job.
type Lease struct {
	Job   int64 `json:"job"`
	Fence int64 `json:"fence"`
}

// Register makes a robot known. What it had before it was started again is free.
func (o Remote) Register(ctx context.Context, c Caller, r queue.Robot) error {
	r.Owner = c.owner()
	for _, l := range r.Labels {
		if err := queue.CheckLabel(l); err != nil {
			return unfit("%s", err)
		}
	}
	if err := o.Queue.Restarted(ctx, r.Name, r.Owner); err != nil {
		return err
	}
	return o.Queue.Register(ctx, r, func(string) bool { return false })
}

// Alive is what a robot tells of a run it executes.
type Alive struct {
	Lease
	Nodes    int64           `json:"nodes"`
	Recorded int64           `json:"recorded"`
	Waits    json.RawMessage `json:"waits,omitempty"`
	// Since is when the last message came that it knows of (unix ms).
	Since int64 `json:"since"`
}

// Heard is what a robot is told of a run it executes.
type Heard struct {
	Job      int64         `json:"job"`
	Lost     bool          `json:"lost,omitempty"`
	Cancel   bool          `json:"cancel,omitempty"`
	Watched  bool          `json:"watched,omitempty"` // somebody watches: show frames
	Taken    bool          `json:"taken,omitempty"`   // somebody has taken over the browser, or wants to
	Messages []run.Topical `json:"messages,omitempty"`
}

// Beat says that a robot lives, and renews the leases of what it has.
func (o Remote) Beat(ctx context.Context, c Caller, name string, state queue.RobotState, list []Alive) (paused bool, heard []Heard, err error) {
	if state == queue.Offline {
		// A job whose answer it did not wait for is free at once.
		if err := o.Queue.Restarted(ctx, name, c.owner()); err != nil {
			return false, nil, err
		}
	}
	if paused, err = o.Queue.Beat(ctx, name, c.owner(), state, len(list)); err != nil {
		return false, nil, err
	}
	for _, a := range list {
		h := Heard{Job: a.Job}
		if err := o.alive(ctx, c, a, &h); err != nil {
			return false, nil, err
		}
		heard = append(heard, h)
	}
	return paused, heard, nil
}

func (o Remote) alive(ctx context.Context, c Caller, a Alive, h *Heard) error {
	j, r, err := o.holds(ctx, c, a.Lease)
	if errors.Is(err, queue.ErrLeaseLost) {
		h.Lost = true
		return nil
	}
	if err != nil {
		return err
	}
	lost, err := o.Queue.Extend(ctx, queue.LeaseTime, j)
	if err != nil {
		return err
	}
	if h.Lost, h.Cancel = len(lost) > 0, j.Cancel; h.Lost || r.Owner != c.owner() {
		return nil // it is not begun yet
	}
	cancel, err := o.Runs.Beat(ctx, r, a.Nodes, a.Recorded)
	switch {
	case errors.Is(err, run.ErrLeaseLost):
		h.Lost = true
		return nil
	case err != nil:
		return err
	}
	h.Cancel = h.Cancel || cancel
	if a.Waits != nil && string(a.Waits) != string(r.Waits) {
		if err := o.Runs.SetWaits(ctx, r, a.Waits); err != nil {
			return err
		}
	}
	if o.Items != nil {
		if err := o.Items.Beat(ctx, r.ID); err != nil {
			return err
		}
	}
	if h.Watched, h.Taken, err = o.Runs.Watched(ctx, r.ID); err != nil {
		return err
	}
	h.Messages, err = o.Runs.MessagesSince(ctx, r.ID, a.Since)
	return err
}

// maxFrame is how large a frame may be, in base64.
const maxFrame = 4 << 20

// maxHandState is how much there may be besides the picture of a browser.
const maxHandState = 512 << 10

// Show shows a frame of the run of a lease to those who watch it, and reports whether there are any.
func (o Remote) Show(ctx context.Context, c Caller, l Lease, f run.Frame) (bool, error) {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return false, err
	}
	if len(f.JPEG) > maxFrame || f.JPEG != "" && !strings.HasPrefix(f.JPEG, "/9j/") {
		return false, unfit("a frame is a JPEG in base64 of at most %d bytes", maxFrame)
	}
	return o.Runs.Show(ctx, r.ID, f)
}

// Hand takes what a robot says of who has taken over the browser of the run of a lease, and tells it how that stands.
func (o Remote) Hand(ctx context.Context, c Caller, l Lease, said run.HandSaid) (*run.Hand, error) {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return nil, err
	}
	if len(said.State) > maxHandState {
		return nil, unfit("the state of a browser has at most %d bytes", maxHandState)
	}
	return o.Runs.Hand(ctx, r.ID, said)
}

// holds returns the job and the run of a lease, if the caller has it.
func (o Remote) holds(ctx context.Context, c Caller, l Lease) (*queue.Job, *run.Run, error) {
	j, err := o.Queue.Held(ctx, l.Job, l.Fence)
	if err != nil {
		return nil, nil, err
	}
	owner, _, err := o.Queue.OwnerOf(ctx, j.Robot)
	if err != nil && !errors.Is(err, queue.ErrNoRobot) {
		return nil, nil, err
	}
	if owner != c.owner() {
		return nil, nil, queue.ErrLeaseLost
	}
	r, err := o.Runs.Get(ctx, j.Run)
	return j, r, err
}

// Run returns the run of a lease that the caller has and has begun.
func (o Remote) Run(ctx context.Context, c Caller, l Lease) (*run.Run, error) {
	_, r, err := o.holds(ctx, c, l)
	if err != nil {
		return nil, err
	}
	if r.Owner != c.owner() {
		return nil, run.ErrLeaseLost
	}
	return r, nil
}

// Given is a job that a robot was given.
type Given struct {
	Lease
	Run     string `json:"run"`
	Attempt int    `json:"attempt"`
	// Waited is how long the job was ready before, in milliseconds.
	Waited int64 `json:"waited_ms,omitempty"`
}

// Begun is a run that a robot begins to execute. If Why is set it must not: that
// says what became of the job.
type Begun struct {
	Why string   `json:"why,omitempty"`
	Run *run.Run `json:"run,omitempty"`
	// Continues says that nobody else executed the run since the robot did.
	Continues bool `json:"continues,omitempty"`
	// Events is the number of the last event in the journal.
	Events   int64         `json:"events"`
	Messages []run.Topical `json:"messages,omitempty"`
	// SessionKey is what the run's sessions are sealed with; nil for flows without any.
	SessionKey []byte `json:"session_key,omitempty"`
	// SessionError says why there is no such key though the run wants one: its sessions are not kept then.
	SessionError string `json:"session_error,omitempty"`
	// LinkKey is what the run's links to questions are signed with, and PublicURL what they begin with; nil and empty for
	// flows that make none.
	LinkKey   []byte `json:"link_key,omitempty"`
	PublicURL string `json:"public_url,omitempty"`
}

// Begin takes the run of a job for a robot. Have says that the robot still has
// what it recorded of it.
func (o Remote) Begin(ctx context.Context, c Caller, l Lease, have bool) (*Begun, error) {
	j, _, err := o.holds(ctx, c, l)
	if err != nil && !errors.Is(err, run.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return &Begun{Why: "failed"}, o.Queue.Fail(ctx, queue.Grant(l.Job, l.Fence), err.Error(), true)
	}
	r, continues, err := o.Runs.ClaimRemote(ctx, j.Run, c.owner())
	var busy *run.BusyError
	switch {
	case errors.As(err, &busy):
		return &Begun{Why: "waits for " + busy.Owner}, o.Queue.Release(ctx, j, busy.Until)
	case errors.Is(err, run.ErrEnded):
		_, err := o.Queue.Finish(ctx, j)
		return &Begun{Why: "had ended"}, err
	case err != nil:
		return nil, err
	}
	if continues = continues && have; !continues {
		// What robots with a database have recorded.
		own, err := o.Durable.Entries(ctx, r.ID)
		if err != nil && !errors.Is(err, durable.ErrNotFound) {
			return nil, err
		}
		if err := o.Runs.Import(ctx, r.ID, own); err != nil {
			return nil, err
		}
	}
	if o.Items != nil && (r.Resumes > 0 || r.Seed != nil) {
		// What an earlier execution had while it waited.
		if err := o.Items.Beat(ctx, r.ID); err != nil {
			return nil, err
		}
	}
	b := &Begun{Run: r, Continues: continues}
	if b.Events, _, err = o.Runs.LastEvent(ctx, r.ID); err != nil {
		return nil, err
	}
	b.SessionKey, err = o.sessionKey(ctx, r)
	switch {
	case errors.Is(err, secret.ErrLocked): // asking again changes nothing
		b.SessionError = err.Error()
	case err != nil:
		return nil, err
	}
	if err := o.linksOf(ctx, r, b); err != nil {
		return nil, err
	}
	b.Messages, err = o.Runs.MessagesSince(ctx, r.ID, 0)
	return b, err
}

// linksOf gives a robot what it needs to make links, if a flow of the run makes any.
func (o Remote) linksOf(ctx context.Context, r *run.Run, b *Begun) error {
	makes, err := o.mentions(ctx, r, "flow.answer_link")
	if err != nil || !makes {
		return err
	}
	public, err := o.PublicURL()
	if err != nil {
		return nil //nolint:nilerr // the node says what is missing
	}
	b.LinkKey, err = o.linkKey(ctx, r.ID)
	if errors.Is(err, secret.ErrLocked) {
		return nil
	}
	b.PublicURL = public
	return err
}

// sessionKey returns the key of a run's sessions if one of its flows opens any: what does not need a key is given
// none.
func (o Remote) sessionKey(ctx context.Context, r *run.Run) ([]byte, error) {
	if o.SessionKey == nil {
		return nil, nil
	}
	opens, err := o.mentions(ctx, r, "web.")
	if err != nil || !opens {
		return nil, err
	}
	return o.Orch.SessionKey(ctx, r.SealedAs())
}

// mentions reports whether a text stands in a flow of a run.
func (o Remote) mentions(ctx context.Context, r *run.Run, what string) (bool, error) {
	digests := []string{r.Digest}
	for _, d := range r.Pins {
		digests = append(digests, d)
	}
	for _, d := range digests {
		text, err := o.Runs.Flow(ctx, d)
		if err != nil {
			return false, err
		}
		if strings.Contains(text, what) {
			return true, nil
		}
	}
	return false, nil
}

// AddRecords keeps what a robot recorded. A stale fence is refused, and so it
// stays until they are kept.
func (o Remote) AddRecords(ctx context.Context, c Caller, l Lease, list []durable.Entry) error {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return err
	}
	return o.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := o.Queue.HeldIn(ctx, tx, l.Job, l.Fence); err != nil {
			return err
		}
		return o.Runs.AddRecordsIn(ctx, tx, r.ID, list...)
	})
}

// AddEvents adds to the journal of the run.
func (o Remote) AddEvents(ctx context.Context, c Caller, l Lease, list []run.Event) error {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Run = r.ID
	}
	return o.Runs.AddEvents(ctx, list)
}

// MayRead reports whether the run of a lease names a secret: its flow, one that
// it calls, or its input.
func (o Remote) MayRead(ctx context.Context, c Caller, l Lease, secret string) (bool, error) {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return false, err
	}
	texts := []string{string(r.Input)}
	digests := map[string]bool{r.Digest: true}
	for _, d := range r.Pins {
		digests[d] = true
	}
	for d := range digests {
		body, err := o.Runs.Flow(ctx, d)
		if err != nil {
			return false, err
		}
		texts = append(texts, body)
	}
	for _, text := range texts {
		var v any
		if text != "" && json.Unmarshal([]byte(text), &v) == nil && namesSecret(v, secret) {
			return true, nil
		}
	}
	return false, nil
}

// namesSecret looks for {secret: NAME} in a value.
func namesSecret(v any, name string) bool {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			if k == "secret" && e == name || namesSecret(e, name) {
				return true
			}
		}
	case []any:
		for _, e := range x {
			if namesSecret(e, name) {
				return true
			}
		}
	}
	return false
}

// MayFlow reports whether the run of a lease executes a flow version.
func (o Remote) MayFlow(ctx context.Context, c Caller, l Lease, digest string) (bool, error) {
	r, err := o.Run(ctx, c, l)
	if err != nil {
		return false, err
	}
	for _, d := range r.Pins {
		if d == digest {
			return true, nil
		}
	}
	return r.Digest == digest, nil
}

// Ended is how a robot's execution of a run ended.
type Ended struct {
	Lease
	// Run has what the execution changed; nil if it did not come so far.
	Run *run.Run `json:"run,omitempty"`
	// Error is what cut it short, or why it could not begin.
	Error string `json:"error,omitempty"`
}

// canEnd reports whether an execution may leave a run with a status.
func canEnd(s run.Status) bool {
	return s.Final() || s == run.Running || s == run.Waiting || s == run.Attention
}

// End writes how an execution ended and gives the job back. It returns that in
// a word.
func (o Remote) End(ctx context.Context, c Caller, e Ended) (string, error) {
	j, r, err := o.holds(ctx, c, e.Lease)
	if err != nil {
		return "", err
	}
	// A call that was cut off may come again when the run is written already.
	if r.Owner == c.owner() {
		if x := e.Run; x != nil {
			if !canEnd(x.Status) {
				return "", unfit("an execution does not end with the run being %.40q", x.Status)
			}
			r.Status, r.Output, r.Failure, r.Waits, r.Wake = x.Status, x.Output, x.Failure, x.Waits, x.Wake
			r.Nodes, r.Recorded, r.Interrupted = x.Nodes, x.Recorded, x.Interrupted
		}
		if err := o.Runs.End(ctx, r); err != nil {
			return "", err
		}
		robot.TellEnd(o.Queue.Tally, r)
	}
	if o.Items != nil {
		if err := robot.LeaveItems(ctx, o.Items, r); err != nil {
			return "", err
		}
	}
	switch {
	case e.Error != "":
		return "failed", o.Queue.Fail(ctx, j, strings.TrimSpace(e.Error), false)
	case r.Status == run.Failed && r.Failure != nil:
		return "failed", o.Queue.Fail(ctx, j, r.Failure.Error(), true)
	case r.Status.Final():
		_, err := o.Queue.Finish(ctx, j)
		return string(r.Status), err
	case r.Status == run.Running:
		return "interrupted", o.Queue.Release(ctx, j, time.Time{})
	case r.Wake.IsZero():
		return string(r.Status), o.Queue.Release(ctx, j, queue.Forever)
	}
	return string(r.Status), o.Queue.Release(ctx, j, r.Wake)
}
