package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

// owners tells the liveness of the processes of a test.
type owners map[string]run.Liveness

func open(t *testing.T, target dbtest.Target, alive owners) *run.Store {
	t.Helper()
	return run.NewStore(dbtest.Open(t, target), func(o string) run.Liveness { return alive[o] })
}

func create(t *testing.T, s *run.Store, id string) *run.Run {
	t.Helper()
	r := &run.Run{ID: id, Flow: "f", Digest: "d", Input: json.RawMessage(`{}`), Created: time.Now(), Status: run.Running}
	fresh, err := s.Create(t.Context(), r)
	if err != nil || !fresh {
		t.Fatalf("creating %s: %v %v", id, fresh, err)
	}
	return r
}

func TestLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		alive := owners{"a": run.Live, "b": run.Live, "far": run.Unknown}
		s := open(t, target, alive)
		create(t, s, "r")
		if fresh, err := s.Create(ctx, &run.Run{ID: "r", Input: json.RawMessage(`{}`), Created: time.Now()}); fresh || err != nil {
			t.Fatalf("an id was given twice: %v %v", fresh, err)
		}
		mine, err := s.Claim(ctx, "r", "a")
		if err != nil || mine.Resumes != 0 || mine.Started.IsZero() {
			t.Fatalf("claim: %+v, %v", mine, err)
		}
		var busy *run.BusyError
		if _, err := s.Claim(ctx, "r", "b"); !errors.As(err, &busy) || busy.Owner != "a" || !strings.Contains(err.Error(), "is being executed by a") {
			t.Fatalf("a live process lost its run: %v", err)
		}
		// The first process dies: another takes over at once and the first can
		// change nothing any more.
		alive["a"] = run.Dead
		if r, err := s.Get(ctx, "r"); err != nil || !r.Interrupted || r.Shown() != "interrupted" {
			t.Fatalf("get: %+v, %v", r, err)
		}
		other, err := s.Claim(ctx, "r", "b")
		if err != nil || other.Resumes != 1 {
			t.Fatalf("take-over: %+v, %v", other, err)
		}
		if _, err := s.Beat(ctx, mine, 1, 1); !errors.Is(err, run.ErrLeaseLost) {
			t.Errorf("beat of the dead: %v", err)
		}
		if _, _, err := s.Asked(ctx, mine, "t"); !errors.Is(err, run.ErrLeaseLost) {
			t.Errorf("cancel asked of the dead: %v", err)
		}
		mine.Status = run.Done
		if err := s.End(ctx, mine); !errors.Is(err, run.ErrLeaseLost) {
			t.Errorf("end of the dead: %v", err)
		}
		if _, err := s.Beat(ctx, other, 5, 3); err != nil {
			t.Error(err)
		}
		other.Status, other.Failure = run.Failed, &node.Failure{Kind: "error", Message: "no"}
		if err := s.End(ctx, other); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Claim(ctx, "r", "b"); err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("a run that ended was claimed: %v", err)
		}
		r, err := s.Get(ctx, "r")
		if err != nil || r.Status != run.Failed || r.Failure.Message != "no" || r.Ended.IsZero() || r.Owner != "" {
			t.Errorf("get: %+v, %v", r, err)
		}
		if err := s.End(ctx, other); !errors.Is(err, run.ErrLeaseLost) {
			t.Errorf("a final status was changed: %v", err)
		}
	})
}

// TestFarLease: of a process on another machine only the lease is known.
func TestFarLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		s := open(t, target, owners{"far": run.Unknown, "b": run.Live})
		create(t, s, "r")
		if _, err := s.Claim(t.Context(), "r", "far"); err != nil {
			t.Fatal(err)
		}
		var busy *run.BusyError
		if _, err := s.Claim(t.Context(), "r", "b"); !errors.As(err, &busy) {
			t.Fatalf("the lease of another machine was ignored: %v", err)
		}
		if left := busy.Until.Sub(busy.Now); left <= 0 || left > run.LeaseTime {
			t.Errorf("the lease lasts %v", left)
		}
	})
}

// TestClaimRace: of many processes that claim a run at once, one gets it.
func TestClaimRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		alive := owners{}
		for i := range 8 {
			alive[fmt.Sprint(i)] = run.Live
		}
		s := open(t, target, alive)
		create(t, s, "r")
		var wg sync.WaitGroup
		got := make(chan string, 8)
		for i := range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if _, err := s.Claim(t.Context(), "r", fmt.Sprint(i)); err == nil {
					got <- fmt.Sprint(i)
				}
			}()
		}
		wg.Wait()
		if len(got) != 1 {
			t.Errorf("%d processes have the run", len(got))
		}
	})
}

func TestCancel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		alive := owners{"a": run.Live}
		s := open(t, target, alive)
		create(t, s, "idle")
		if r, err := s.Cancel(ctx, "idle"); err != nil || r.Status != run.Cancelled {
			t.Fatalf("a run that nobody executes: %+v, %v", r, err)
		}
		create(t, s, "busy")
		mine, err := s.Claim(ctx, "busy", "a")
		if err != nil {
			t.Fatal(err)
		}
		if r, err := s.Cancel(ctx, "busy"); err != nil || r.Status != run.Running {
			t.Fatalf("a run that is executed: %+v, %v", r, err)
		}
		if asked, n, err := s.Asked(ctx, mine, "t"); err != nil || !asked || n != 0 {
			t.Errorf("asked = %v, %v", asked, err)
		}
		if _, err := s.Cancel(ctx, "idle"); err == nil {
			t.Error("a run was cancelled twice")
		}
	})
}

func TestListAndPrefix(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		s := open(t, target, owners{})
		for _, id := range []string{"x-1", "x-2", "y%_1"} {
			create(t, s, id)
		}
		if r, err := s.Get(ctx, "y%_"); err != nil || r.ID != "y%_1" {
			t.Errorf("prefix: %v %v", r, err)
		}
		if _, err := s.Get(ctx, "x"); err == nil || !strings.Contains(err.Error(), "several runs") {
			t.Errorf("ambiguous prefix: %v", err)
		}
		for _, id := range []string{"", "nope", "%"} {
			if _, err := s.Get(ctx, id); !errors.Is(err, run.ErrNotFound) && !strings.Contains(fmt.Sprint(err), "several") {
				t.Errorf("Get(%q): %v", id, err)
			}
		}
		list, err := s.List(ctx, run.Filter{Flow: "f", Limit: 2})
		if err != nil || len(list) != 2 {
			t.Errorf("list: %v %v", list, err)
		}
	})
}

func TestJournalAndMessages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		s := open(t, target, owners{})
		var events []run.Event
		for i := range 250 {
			events = append(events, run.Event{Run: "r", Seq: int64(i + 1), Kind: "k", Path: "p", At: time.UnixMilli(int64(i)), Data: json.RawMessage(`{"a":1}`)})
		}
		for range 2 { // writing them again changes nothing
			if err := s.AddEvents(ctx, events); err != nil {
				t.Fatal(err)
			}
		}
		page, err := s.Events(ctx, "r", 200, 1000)
		if err != nil || len(page) != 50 || page[0].Seq != 201 {
			t.Errorf("page of %d, %v", len(page), err)
		}
		if seq, at, err := s.LastEvent(ctx, "r"); err != nil || seq != 250 || at.UnixMilli() != 249 {
			t.Errorf("last = %d %v %v", seq, at, err)
		}
		for _, m := range []string{"1", "2", "1"} {
			if err := s.Send(ctx, "r", "t", m, json.RawMessage(`"`+m+`"`)); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := s.Messages(ctx, "r", "t"); err != nil || len(list) != 2 {
			t.Errorf("messages = %v, %v", list, err)
		}
		// What is sent within one millisecond is read as it was sent.
		var sent []string
		for i := range 30 {
			sent = append(sent, strconv.Itoa(i*7919%1000))
			if err := s.Send(ctx, "r", "order", sent[i], json.RawMessage(`1`)); err != nil {
				t.Fatal(err)
			}
		}
		of, err := s.MessagesOf(ctx, []run.Inbox{{Run: "r", Topic: "order"}, {Run: "r", Topic: "t"}, {Run: "none", Topic: "t"}})
		if err != nil || len(of) != 2 || len(of[run.Inbox{Run: "r", Topic: "t"}]) != 2 {
			t.Errorf("messages of several topics: %v %v", of, err)
		}
		list, err := s.Messages(ctx, "r", "order")
		if err == nil && !reflect.DeepEqual(list, of[run.Inbox{Run: "r", Topic: "order"}]) {
			t.Errorf("messages of one topic and of several differ: %v, %v", list, of)
		}
		if err != nil || !slices.EqualFunc(list, sent, func(m run.Message, id string) bool { return m.ID == id }) {
			t.Fatalf("messages = %v, %v, want %v", list, err, sent)
		}
		// Who has heard the last of them hears what comes next on another topic.
		if err := s.Send(ctx, "r", "next", "n", json.RawMessage(`1`)); err != nil {
			t.Fatal(err)
		}
		since, err := s.MessagesSince(ctx, "r", list[len(list)-1].At.UnixMilli())
		if err != nil || len(since) != 2 || since[1].Topic != "next" {
			t.Errorf("since the last: %v, %v", since, err)
		}
	})
}

func TestDeleteFindsOrphans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		ctx := t.Context()
		s := open(t, target, owners{})
		for _, k := range [][2]string{{"a", "shared"}, {"b", "shared"}, {"a", "own"}} {
			if err := s.Keep(ctx, k[0], k[1]); err != nil {
				t.Fatal(err)
			}
		}
		orphans, err := s.Delete(ctx, "a")
		if err != nil || len(orphans) != 1 || orphans[0] != "own" {
			t.Errorf("orphans = %v, %v", orphans, err)
		}
	})
}

// TestAlive looks at real processes.
func TestAlive(t *testing.T) {
	run.SetHost("here")
	self := run.Self("here", os.Getpid())
	if run.Alive(self) != run.Live {
		t.Errorf("this process is not alive: %s", self)
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := run.Self("here", cmd.Process.Pid)
	if run.Alive(child) != run.Live {
		t.Errorf("the child is not alive: %s", child)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Until its parent collects it, a dead process is a zombie.
	for run.Alive(child) == run.Live {
		if t.Context().Err() != nil {
			t.Fatal("the child stays alive")
		}
	}
	_ = cmd.Wait()
	if run.Alive(child) != run.Dead {
		t.Error("the child is not dead")
	}
	if got := run.Alive(run.Self("elsewhere", 1)); got != run.Unknown {
		t.Errorf("a process of another machine is %v", got)
	}
	parts := strings.Split(self, "/")
	if run.Alive(parts[0]+"/"+parts[1]+"/1") != run.Dead {
		t.Error("another process with the same id passes for the old one")
	}
}
