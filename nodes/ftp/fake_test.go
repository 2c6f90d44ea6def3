package ftp

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node/nodetest"

	"github.com/aether-rpa/aether/node"
)

// fake is a small FTP server with files in memory, which can be made to
// misbehave.
type fake struct {
	t    testing.TB
	addr string

	mu        sync.Mutex
	files     map[string]*fakeFile // folders have a nil content
	log       []string
	conns     []net.Conn
	logins    int
	cut       int               // cut the data connection after so many bytes, once
	cuts      int               // how many times to cut
	drop      bool              // cut the control connection with it
	answers   map[string]string // answers in place of the right ones, by command or command and argument
	listing   []string          // lines added to every listing
	mlsd      bool
	noReplace bool
}

type fakeFile struct {
	data []byte
	dir  bool
	time time.Time
}

func newFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{t: t, files: map[string]*fakeFile{"/": {dir: true}}, answers: map[string]string{}, mlsd: true}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			wg.Go(func() { (&fakeConn{fake: f, c: c, cwd: "/"}).serve() })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		f.hangUp()
		wg.Wait()
	})
	return f
}

// set changes the server from now on.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// answer sets what is said to a command in place of the right answer, which ""
// brings back.
func (f *fake) answer(cmd, text string) {
	f.set(func() {
		f.answers[cmd] = text
		if text == "" {
			delete(f.answers, cmd)
		}
	})
}

// hangUp closes all connections.
func (f *fake) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		_ = c.Close()
	}
}

func (f *fake) put(name, data string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		f.files[dir] = &fakeFile{dir: true}
	}
	f.files[name] = &fakeFile{data: []byte(data), time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (f *fake) get(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x := f.files[name]; x != nil {
		return string(x.data)
	}
	return "(none)"
}

func (f *fake) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.files))
}

func (f *fake) said(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, l := range f.log {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

func (f *fake) connection() map[string]any {
	host, port, _ := net.SplitHostPort(f.addr)
	p, _ := strconv.Atoi(port)
	return map[string]any{"host": host, "port": p, "user": "u", "password": "pass-word", "security": "none", "timeout": "5s"}
}

type fakeConn struct {
	*fake
	c    net.Conn
	cwd  string
	rest int64
	from string
	data net.Listener
}

func (c *fakeConn) say(format string, args ...any) { fmt.Fprintf(c.c, format+"\r\n", args...) }

func (c *fakeConn) serve() {
	defer c.c.Close()
	c.say("220-Hello")
	c.say("220 fake")
	in := bufio.NewScanner(c.c)
	for in.Scan() {
		cmd, arg, _ := strings.Cut(in.Text(), " ")
		c.mu.Lock()
		c.log = append(c.log, in.Text())
		answer, ok := c.answers[in.Text()]
		if !ok {
			answer, ok = c.answers[cmd]
		}
		c.mu.Unlock()
		if ok {
			if answer == "hang" {
				continue
			}
			c.say("%s", answer)
			continue
		}
		if cmd == "QUIT" || !c.do(cmd, arg) {
			return
		}
	}
}

func (c *fakeConn) abs(p string) string {
	p = strings.TrimPrefix(p, "-a ")
	if p == "" || p == "-a" {
		p = "."
	}
	if !strings.HasPrefix(p, "/") {
		p = path.Join(c.cwd, p)
	}
	return path.Clean(p)
}

func (c *fakeConn) do(cmd, arg string) bool {
	c.mu.Lock()
	file := c.files[c.abs(arg)]
	c.mu.Unlock()
	switch cmd {
	case "USER":
		c.say("331 password")
	case "PASS":
		c.mu.Lock()
		c.logins++
		c.mu.Unlock()
		if arg != "pass-word" {
			c.say("530 no entry with %s", arg)
			return true
		}
		c.say("230 in")
	case "FEAT":
		c.say("211-Features")
		c.mu.Lock()
		mlsd := c.mlsd
		c.mu.Unlock()
		if mlsd {
			c.say(" MLST type*;size*;modify*;")
		}
		c.say(" MDTM\r\n MFMT\r\n UTF8\r\n211 End")
	case "OPTS", "NOOP", "TYPE":
		c.say("200 ok")
	case "PWD":
		c.say(`257 "%s"`, c.cwd)
	case "CWD":
		if file == nil || !file.dir {
			c.say("550 No such folder")
			return true
		}
		c.cwd = c.abs(arg)
		c.say("250 ok")
	case "PASV": // it claims to be another computer
		var err error
		if c.data, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return false
		}
		port := c.data.Addr().(*net.TCPAddr).Port
		c.say("227 Entering Passive Mode (203,0,113,9,%d,%d)", port/256, port%256)
	case "EPSV":
		var err error
		if c.data, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return false
		}
		_, port, _ := net.SplitHostPort(c.data.Addr().String())
		c.say("229 Entering (|||%s|)", port)
	case "REST":
		c.rest, _ = strconv.ParseInt(arg, 10, 64)
		c.say("350 ok")
	case "SIZE", "MDTM":
		switch {
		case file == nil || file.dir:
			c.say("550 no such file")
		case cmd == "SIZE":
			c.say("213 %d", len(file.data))
		default:
			c.say("213 %s", file.time.Format("20060102150405"))
		}
	case "MFMT":
		stamp, name, _ := strings.Cut(arg, " ")
		c.mu.Lock()
		if file := c.files[c.abs(name)]; file != nil {
			file.time, _ = time.Parse("20060102150405", stamp)
		}
		c.mu.Unlock()
		c.say("213 ok")
	case "DELE", "RMD":
		if file == nil || file.dir != (cmd == "RMD") {
			c.say("550 it failed")
			return true
		}
		c.mu.Lock()
		empty := true
		for n := range c.files {
			empty = empty && !strings.HasPrefix(n, c.abs(arg)+"/")
		}
		if empty {
			delete(c.files, c.abs(arg))
		}
		c.mu.Unlock()
		if !empty {
			c.say("550 it failed")
			return true
		}
		c.say("250 ok")
	case "MKD":
		c.mu.Lock()
		c.files[c.abs(arg)] = &fakeFile{dir: true}
		c.mu.Unlock()
		c.say("257 ok")
	case "RNFR":
		if file == nil {
			c.say("550 it failed")
			return true
		}
		c.from = c.abs(arg)
		c.say("350 ok")
	case "RNTO":
		c.mu.Lock()
		refuse := file != nil && c.noReplace
		c.mu.Unlock()
		if refuse {
			c.say("550 it failed")
			return true
		}
		c.mu.Lock()
		c.files[c.abs(arg)] = c.files[c.from]
		delete(c.files, c.from)
		c.mu.Unlock()
		c.say("250 ok")
	case "LIST", "MLSD", "RETR", "STOR", "APPE":
		return c.transfer(cmd, arg, file)
	default:
		c.say("502 what?")
	}
	return true
}

func (c *fakeConn) transfer(cmd, arg string, file *fakeFile) bool {
	defer c.data.Close()
	d, err := c.data.Accept()
	if err != nil {
		return false
	}
	defer d.Close()
	rest := c.rest
	c.rest = 0
	switch cmd {
	case "RETR":
		if file == nil || file.dir {
			c.say("550 no such file")
			return true
		}
		c.say("150 here it comes")
		data := file.data[min(rest, int64(len(file.data))):]
		c.mu.Lock()
		cut, drop := c.cuts > 0 && len(data) > c.cut, c.drop
		if cut {
			c.cuts--
			data = data[:c.cut]
		}
		c.mu.Unlock()
		_, _ = d.Write(data)
		if cut && drop {
			_ = d.(*net.TCPConn).SetLinger(-1)
			_ = d.Close()
			return false
		}
	case "STOR", "APPE":
		c.say("150 go on")
		old := []byte{}
		if file != nil && (cmd == "APPE" || rest > 0) {
			old = file.data
			if cmd == "STOR" {
				old = old[:min(rest, int64(len(old)))]
			}
		}
		c.mu.Lock()
		cut, most := c.cuts > 0, int64(c.cut)
		if cut {
			c.cuts--
		}
		c.mu.Unlock()
		r := io.Reader(d)
		if cut {
			r = io.LimitReader(d, most)
		}
		data, _ := io.ReadAll(r)
		c.mu.Lock()
		c.files[c.abs(arg)] = &fakeFile{data: append(slices.Clone(old), data...), time: time.Now()}
		c.mu.Unlock()
		if cut {
			return false
		}
	default:
		c.say("150 here it comes")
		c.list(d, c.abs(arg), cmd == "MLSD")
	}
	_ = d.Close()
	c.say("226 done")
	return true
}

func (c *fakeConn) list(w io.Writer, dir string, mlsd bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(c.files)) {
		f := c.files[n]
		if path.Dir(n) != dir && (n != dir || f.dir) || n == "/" {
			continue
		}
		kind, letter := "file", "-"
		if f.dir {
			kind, letter = "dir", "d"
		}
		if mlsd {
			fmt.Fprintf(w, "type=%s;size=%d;modify=%s; %s\r\n", kind, len(f.data), f.time.Format("20060102150405"), path.Base(n))
		} else {
			fmt.Fprintf(w, "%srw-r--r--   1 me My Group %d %s %s\r\n", letter, len(f.data), f.time.Format("Jan _2 2006"), path.Base(n))
		}
	}
	for _, l := range c.listing {
		fmt.Fprintf(w, "%s\r\n", l)
	}
}

// run runs a node against the server.
func (f *fake) run(env *node.Env, typ string, params map[string]any) (map[string]any, error) {
	f.t.Helper()
	p := map[string]any{"connection": f.connection()}
	maps.Copy(p, params)
	return nodetest.Run(f.t, env, typ, p)
}

func (f *fake) must(env *node.Env, typ string, params map[string]any) map[string]any {
	f.t.Helper()
	out, err := f.run(env, typ, params)
	if err != nil {
		f.t.Fatalf("%s: %v", typ, err)
	}
	return out
}
