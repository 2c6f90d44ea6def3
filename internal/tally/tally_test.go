package tally_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/tally"
)

func TestBuckets(t *testing.T) {
	var y tally.Tally
	for _, d := range []time.Duration{-time.Second, time.Millisecond, time.Millisecond + 1, 24 * time.Hour, 25 * time.Hour} {
		y.Took(tally.Claimed, d)
	}
	y.Took(tally.RunFailed, 3*time.Second)
	y.Add(tally.DeadLate, 2)
	c := y.Counts()
	buckets, sum := c.Times(tally.Claimed)
	n := len(tally.Claimed.Bounds())
	if len(buckets) != n+1 || buckets[0] != 2 || buckets[1] != 1 || buckets[n-1] != 1 || buckets[n] != 1 {
		t.Errorf("buckets: %v", buckets)
	}
	if want := 49*time.Hour + 2*time.Millisecond; sum != want {
		t.Errorf("sum: %s, want %s", sum, want)
	}
	if b, sum := c.Times(tally.RunFailed); sum != 3*time.Second || b[3] != 1 {
		t.Errorf("runs: %v %s", b, sum)
	}
	if b, _ := c.Times(tally.RunDone); fmt.Sprint(b) != fmt.Sprint(make([]int64, len(tally.RunDone.Bounds())+1)) {
		t.Errorf("another time was counted: %v", b)
	}
	if c.Of(tally.DeadLate) != 2 || c.Of(tally.DeadPoison) != 0 {
		t.Errorf("counts: %d %d", c.Of(tally.DeadLate), c.Of(tally.DeadPoison))
	}
}

// Whatever robots count is shown by one of two orchestrators, once.
func TestNothingCountsTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		const robots, jobs = 8, 50
		var one, two tally.Tally
		boards := []*tally.Board{tally.NewBoard(d, &one), tally.NewBoard(d, &two)}
		one.Add(tally.Expired, 3)
		var wg sync.WaitGroup
		fail := make(chan error, robots*jobs+200)
		for range robots {
			wg.Go(func() {
				var y tally.Tally
				for i := range jobs {
					y.Took(tally.Claimed, time.Duration(i)*time.Second)
					y.Add(tally.Expired, 1)
					if i%10 == 9 {
						if err := y.Hand(t.Context(), d); err != nil {
							fail <- err
						}
					}
				}
			})
		}
		for _, b := range boards {
			wg.Go(func() {
				for range 20 {
					if _, err := b.Counts(t.Context()); err != nil {
						fail <- err
					}
				}
			})
		}
		wg.Wait()
		close(fail)
		for err := range fail {
			t.Error(err)
		}
		expired, claimed, sum := int64(0), int64(0), time.Duration(0)
		for _, b := range boards {
			c, err := b.Counts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			expired += c.Of(tally.Expired)
			buckets, s := c.Times(tally.Claimed)
			for _, n := range buckets {
				claimed += n
			}
			sum += s
			again, err := b.Counts(t.Context())
			if err != nil || again.Of(tally.Expired) != c.Of(tally.Expired) {
				t.Errorf("asking twice changes the counts: %v %v", again, err)
			}
		}
		if expired != robots*jobs+3 || claimed != robots*jobs || sum != robots*jobs*(jobs-1)/2*time.Second {
			t.Errorf("both together have %d expiries and %d claims of %s", expired, claimed, sum)
		}
	})
}

// A robot of another version counts things that this one does not know.
func TestUnknownCells(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		if _, err := d.Exec(t.Context(), `INSERT INTO {s}tally (cell, n) VALUES ('of tomorrow', 7), ('dead late', 2)`); err != nil {
			t.Fatal(err)
		}
		var y tally.Tally
		c, err := tally.NewBoard(d, &y).Counts(t.Context())
		if err != nil || c.Of(tally.DeadLate) != 2 {
			t.Errorf("counts: %v %v", c, err)
		}
		// What an orchestrator counted and did not show is for the others, when it ends.
		y.Add(tally.DeadPoison, 1)
		if err := y.Hand(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		var other tally.Tally
		if c, err := tally.NewBoard(d, &other).Counts(t.Context()); err != nil || c.Of(tally.DeadPoison) != 1 || c.Of(tally.DeadLate) != 0 {
			t.Errorf("counts: %v %v", c, err)
		}
	})
}
