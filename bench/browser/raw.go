package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// raw speaks the protocol over the browser's pipe with nothing in between: one caller, no checks, nothing verified. It
// is the limit of what any driver can do.
type raw struct {
	b       *bench
	cmd     *exec.Cmd
	in      *os.File
	out     *bufio.Reader
	id      int
	session string
	profile string
	places  map[string][2]float64
}

type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

func (r *raw) name() string { return "bare protocol" }

func (r *raw) start(context.Context) error {
	var err error
	if r.profile, err = os.MkdirTemp(r.b.dir, "raw-"); err != nil {
		return err
	}
	theirR, ourW, err := os.Pipe()
	if err != nil {
		return err
	}
	ourR, theirW, err := os.Pipe()
	if err != nil {
		return errors.Join(err, theirR.Close(), ourW.Close())
	}
	args := []string{"--user-data-dir=" + r.profile, "--remote-debugging-pipe", "--headless=new", "--no-first-run", "--no-startup-window", "--disable-background-networking", "--disable-extensions", "--disable-sync", "--disable-dev-shm-usage", "--disable-component-update", "--hide-scrollbars"}
	if root {
		args = append(args, "--no-sandbox")
	}
	r.cmd = exec.Command(r.b.path, args...)
	r.cmd.ExtraFiles = []*os.File{theirR, theirW}
	err = r.cmd.Start()
	if err = errors.Join(err, theirR.Close(), theirW.Close()); err != nil {
		return err
	}
	r.in, r.out, r.session = ourW, bufio.NewReaderSize(ourR, 1<<16), ""
	var t struct{ TargetID string }
	if err := r.call("Target.createTarget", map[string]any{"url": "about:blank"}, &t); err != nil {
		return err
	}
	var s struct{ SessionID string }
	if err := r.call("Target.attachToTarget", map[string]any{"targetId": t.TargetID, "flatten": true}, &s); err != nil {
		return err
	}
	r.session = s.SessionID
	r.send("Page.enable", nil)
	return r.call("Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true}, nil)
}

// send sends a command and returns its number.
func (r *raw) send(method string, params any) int {
	r.id++
	b, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
		Session string `json:"sessionId,omitempty"`
	}{r.id, method, params, r.session})
	if err == nil {
		_, err = r.in.Write(append(b, 0))
	}
	if err != nil {
		return -1
	}
	return r.id
}

// wait reads until the answer of a command comes.
func (r *raw) wait(id int, result any) error {
	for {
		line, err := r.out.ReadSlice(0)
		var long []byte
		for errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			line, err = r.out.ReadSlice(0)
		}
		if err != nil {
			return err
		}
		if long != nil {
			line = append(long, line...)
		}
		var a answer
		if err := json.Unmarshal(line[:len(line)-1], &a); err != nil {
			return err
		}
		if a.ID != id {
			continue
		}
		if a.Error != nil {
			return errors.New(a.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.Result, result)
	}
}

func (r *raw) call(method string, params, result any) error {
	return r.wait(r.send(method, params), result)
}

func (r *raw) eval(expression string, result any) error {
	var v struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	if err := r.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &v); err != nil {
		return err
	}
	if v.ExceptionDetails != nil {
		return fmt.Errorf("the script failed: %s", v.ExceptionDetails)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(v.Result.Value, result)
}

func (r *raw) open(_ context.Context, url string) error {
	if err := r.call("Page.navigate", map[string]any{"url": url}, nil); err != nil {
		return err
	}
	for ready := false; !ready; {
		if err := r.eval("location.href === "+quote(url)+" && document.readyState === 'complete'", &ready); err != nil && !strings.Contains(err.Error(), "context") {
			return err
		}
	}
	r.places = map[string][2]float64{}
	return nil
}

// place finds the middle of an element once; where it is later is not looked at.
func (r *raw) place(id string) (p [2]float64, err error) {
	p, ok := r.places[id]
	if !ok {
		err = r.eval("(r => [r.x + r.width / 2, r.y + r.height / 2])(document.getElementById("+quote(id)+").getBoundingClientRect())", &p)
		r.places[id] = p
	}
	return p, err
}

func (r *raw) press(p [2]float64) error {
	m := map[string]any{"type": "mousePressed", "x": p[0], "y": p[1], "button": "left", "clickCount": 1}
	r.send("Input.dispatchMouseEvent", m)
	m["type"] = "mouseReleased"
	return r.call("Input.dispatchMouseEvent", m, nil)
}

func (r *raw) click(_ context.Context, id string) error {
	p, err := r.place(id)
	if err != nil {
		return err
	}
	return r.press(p)
}

func (r *raw) text(_ context.Context, id string) (s string, err error) {
	return s, r.eval("document.getElementById("+quote(id)+").innerText", &s)
}

func (r *raw) fill(_ context.Context, id, text string) error {
	if err := r.eval("(e => { e.focus(); e.select(); })(document.getElementById("+quote(id)+"))", nil); err != nil {
		return err
	}
	return r.call("Input.insertText", map[string]any{"text": text}, nil)
}

func (r *raw) value(_ context.Context, id string) (s string, err error) {
	return s, r.eval("document.getElementById("+quote(id)+").value", &s)
}

// rowsScript is how the others read a table: the text of each cell.
const rowsScript = "[...document.querySelectorAll('#t tr')].map(r => [...r.cells].map(c => c.textContent.trim()))"

func (r *raw) table(context.Context) (rows [][]string, err error) {
	return rows, r.eval(rowsScript, &rows)
}

func (r *raw) close() error {
	if r.cmd == nil {
		return nil
	}
	r.session = ""
	r.send("Browser.close", nil)
	err := r.cmd.Wait()
	r.cmd = nil
	return errors.Join(err, r.in.Close(), os.RemoveAll(r.profile))
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
