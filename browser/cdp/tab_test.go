package cdp

import (
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser/follow"
)

// A window goes to its page at the same time as it is set up: the answer of what it showed before may come last.
func TestLateFrameTree(t *testing.T) {
	s := &session{}
	tb := &tab{s: s, c: &contextOf{}}
	tb.Begin(follow.Start{ID: "main", Named: true}, place{s: s})
	old := frameTree{Frame: navigatedFrame{ID: "main", LoaderID: "1"}, ChildFrames: []frameTree{{Frame: navigatedFrame{ID: "gone", ParentID: "main", LoaderID: "2"}}}}
	tb.navigated(s, navigatedEvent{Frame: navigatedFrame{ID: "main", LoaderID: "3", URL: "http://a/next"}})
	tb.Update(func() { tb.grow(old, s) })
	if f := tb.Frames(); len(f) != 1 || f[0].URL != "http://a/next" {
		t.Errorf("the frames are %+v", f)
	}
	tb.lifecycle(lifecycleEvent{FrameID: "main", LoaderID: "3", Name: "load"})
	if g, under := tb.Underway(time.Time{}); under {
		t.Errorf("the page that has loaded is under way: %+v", g)
	}
	tb.Update(func() {
		tb.grow(frameTree{Frame: navigatedFrame{ID: "main", LoaderID: "3", URL: "http://a/next"}, ChildFrames: []frameTree{{Frame: navigatedFrame{ID: "part", ParentID: "main", LoaderID: "4"}}}}, s)
	})
	if f := tb.Frames(); len(f) != 2 || f[1].ID != "part" {
		t.Errorf("the frames are %+v", f)
	}
}
