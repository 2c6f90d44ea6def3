package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// itemsFor makes a queue with the four items, and a server.
func (h *home) itemsFor(l *ledger, params string) *served {
	h.Helper()
	h.flow(works(l, params))
	h.want(0, "item", "queue", "add", "items")
	h.write("items.json", fourItems)
	h.want(0, "item", "add", "items", "items.json")
	return h.serve("serve")
}

const worked = "A:successful B:failed C:successful D:successful"

// A robot without a database works on items: killed in the middle of one and
// started again, it goes on with that one; killed for good, another robot does.
func TestRemoteItems(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		s := h.itemsFor(l, "")
		l.holding("C")
		d := h.desk(t, "desk", s.url)
		run, _ := h.add()
		p := d.up()
		arrives(l, "C", 1)
		if got := h.items("items"); told(got) != "A:successful B:failed C:in_progress D:new" || got[2].Run != run {
			t.Fatalf("while it works: %+v", got)
		}
		p.kill()
		l.release()
		p = d.up()
		h.settled(run, "done")
		if got := h.items("items"); told(got) != worked || fmt.Sprint(got[0].Output) != "map[sent:noted A]" || got[1].Reason != "no VAT id" || got[2].Taken != 1 {
			t.Errorf("items: %+v", got)
		}
		l.want(t, "A C C D")
		if out := h.show(run).Output; out["n"] != 4.0 || out["ok"] != 3.0 || out["bad"] != 1.0 || out["lost"] != 0.0 {
			t.Errorf("output: %v", out)
		}
		p.signal(os.Interrupt)
		p.wait(30 * time.Second)
	})
}

// A robot with a database takes over from one without: it goes on with the item
// that the other had, and does no other again.
func TestRemoteItemsTakeOver(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		s := h.itemsFor(l, "")
		l.holding("C")
		d := h.desk(t, "desk", s.url)
		run, _ := h.add()
		p := d.up()
		arrives(l, "C", 1)
		p.kill()
		l.release()
		h.robot("shared")
		eventually(t, "the run is done", 120*time.Second, func() bool { return h.show(run).Status == "done" })
		if got := h.items("items"); told(got) != worked || got[2].Run != run {
			t.Errorf("items: %+v", got)
		}
		l.want(t, "A C C D")
		if out := h.show(run).Output; out["n"] != 4.0 || out["ok"] != 3.0 || out["lost"] != 0.0 {
			t.Errorf("output: %v", out)
		}
	})
}

// The network is away while an item is worked on: the robot ends it when the
// network is back, once.
func TestRemoteItemsNetworkAway(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		s := h.itemsFor(l, "")
		l.holding("C")
		w, url := newWire(t, s.url)
		d := h.desk(t, "desk", url)
		run, _ := h.add()
		p := d.up()
		arrives(l, "C", 1)
		w.set(true)
		l.release()
		eventually(t, "the robot has noticed", 20*time.Second, func() bool { return strings.Contains(p.err.String(), "cannot be reached") })
		if got := told(h.items("items")); got != "A:successful B:failed C:in_progress D:new" {
			t.Errorf("while it is away: %s", got)
		}
		w.set(false)
		h.settled(run, "done")
		if got := h.items("items"); told(got) != worked || got[2].Taken != 1 {
			t.Errorf("items: %+v", got)
		}
		l.want(t, "A C D")
	})
}

// A robot without a database adds an item with a file, and one on another
// machine works on it and has the file.
func TestRemoteItemFiles(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		h.want(0, "item", "queue", "add", "papers")
		s := h.serve("serve")
		one, two := h.desk(t, "one", s.url), h.desk(t, "two", s.url)
		text := strings.Repeat("a page of paper\n", 20_000)
		one.write("scan.txt", text)
		h.flow(`
outputs: {added: "{{ nodes.add.added }}"}
nodes:
- {id: add, type: item.add, params: {queue: papers, reference: P-1, content: {n: 1}, files: {scan: scan.txt}}}
`)
		run, _ := h.add()
		p := one.up()
		h.settled(run, "done")
		if out := h.show(run).Output; out["added"] != true {
			t.Errorf("output: %v", out)
		}
		p.signal(os.Interrupt)
		p.wait(30 * time.Second)
		h.flow(`
outputs: {length: "{{ len(nodes.read.text) }}"}
nodes:
- {id: next, type: item.next, params: {queue: papers}}
- {id: save, type: item.save_file, params: {item: "{{ nodes.next.item }}", name: scan, to: got.txt}}
- {id: read, type: file.read_text, params: {path: got.txt}}
- {id: done, type: item.done, params: {item: "{{ nodes.next.item }}"}}
edges: [next -> save, save -> read, read -> done]
`)
		run, _ = h.add()
		two.up()
		h.settled(run, "done")
		if out := h.show(run).Output; out["length"] != float64(len(text)) {
			t.Errorf("output: %v", out)
		}
		if b, err := os.ReadFile(filepath.Join(two.dir, "got.txt")); err != nil || string(b) != text {
			t.Errorf("the file that came has %d bytes, %v", len(b), err)
		}
		if got := told(h.items("papers")); got != "P-1:successful" {
			t.Errorf("items: %s", got)
		}
	})
}

// A robot without a database takes over from one that has it: it goes on with
// the item that the other had, and does no other again.
func TestItemsRemoteTakeOver(t *testing.T) {
	slow(t)
	fleets(t, func(t *testing.T, h *home) {
		l := newLedger(t)
		s := h.itemsFor(l, "")
		l.holding("C")
		run, _ := h.add()
		p := h.robot("shared")
		arrives(l, "C", 1)
		p.kill()
		l.release()
		h.desk(t, "desk", s.url).up()
		eventually(t, "the run is done", 120*time.Second, func() bool { return h.show(run).Status == "done" })
		if got := h.items("items"); told(got) != worked || got[2].Run != run || got[2].Taken != 1 {
			t.Errorf("items: %+v", got)
		}
		l.want(t, "A C C D")
		if out := h.show(run).Output; out["n"] != 4.0 || out["ok"] != 3.0 || out["lost"] != 0.0 {
			t.Errorf("output: %v", out)
		}
	})
}
