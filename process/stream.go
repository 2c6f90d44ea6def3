package process

import (
	"io"
	"os"
	"os/exec"
	"sync"
)

// streams connects a program's standard files and knows when its output ended.
type streams struct {
	child   []io.Closer // the program's ends, closed here once it runs
	parent  []io.Closer
	readers sync.WaitGroup
	pumps   []func()
	ended   chan struct{} // closed when all output was read

	dropped [2]int64 // written by the pumps, read after ended
}

func newStreams(c Cmd, cmd *exec.Cmd) (s *streams, err error) {
	s = &streams{ended: make(chan struct{})}
	defer func() {
		if err != nil {
			s.abort()
		}
	}()
	if err = s.input(c, cmd); err != nil {
		return s, err
	}
	if cmd.Stdout, err = s.output(c.Stdout, c.MaxOutput, &s.dropped[0]); err != nil {
		return s, err
	}
	if same(c.Stdout, c.Stderr) {
		cmd.Stderr = cmd.Stdout
		return s, nil
	}
	cmd.Stderr, err = s.output(c.Stderr, c.MaxOutput, &s.dropped[1])
	return s, err
}

// same reports whether both streams go to one writer. Writers that cannot be
// compared are two.
func same(a, b io.Writer) (eq bool) {
	defer func() { _ = recover() }()
	return a != nil && a == b
}

func (s *streams) input(c Cmd, cmd *exec.Cmd) error {
	if c.Stdin == nil {
		return nil
	}
	if f, ok := c.Stdin.(*os.File); ok {
		cmd.Stdin = f
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdin = r
	s.child = append(s.child, r)
	s.parent = append(s.parent, w)
	s.pumps = append(s.pumps, func() {
		// A program need not read its input: a broken pipe is no error.
		_, _ = io.Copy(w, c.Stdin)
		_ = w.Close()
	})
	return nil
}

func (s *streams) output(to io.Writer, limit int64, dropped *int64) (io.Writer, error) {
	if to == nil {
		return nil, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.child = append(s.child, w)
	s.parent = append(s.parent, r)
	s.readers.Add(1)
	s.pumps = append(s.pumps, func() {
		defer s.readers.Done()
		*dropped = copyUpTo(to, r, limit)
	})
	return w, nil
}

// started closes the ends that the program now has, and begins to copy.
func (s *streams) started() {
	for _, c := range s.child {
		_ = c.Close()
	}
	for _, p := range s.pumps {
		go p()
	}
	go func() {
		s.readers.Wait()
		close(s.ended)
	}()
}

// abort closes everything of a program that did not start.
func (s *streams) abort() {
	for _, c := range append(s.child, s.parent...) {
		_ = c.Close()
	}
}

// close gives up what is not read yet and waits for the copying to end.
func (s *streams) close() {
	for _, c := range s.parent {
		_ = c.Close()
	}
	<-s.ended
}

// copyUpTo copies at most limit bytes and reads on to the end, so that the
// program never blocks on a full pipe. It returns how much was dropped.
func copyUpTo(to io.Writer, from io.Reader, limit int64) (dropped int64) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		keep := int(min(int64(n), limit))
		if keep > 0 {
			if _, werr := to.Write(buf[:keep]); werr != nil {
				limit = 0
			} else {
				limit -= int64(keep)
			}
		}
		dropped += int64(n - keep)
		if err != nil {
			return dropped
		}
	}
}
