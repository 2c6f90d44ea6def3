package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Main reads one job from stdin, runs it and writes its answer to stdout. The
// result is the exit code of the process, which Main also ends itself when the
// job goes over a limit. It must be the only thing that the process does.
func Main(stdin io.Reader, stdout io.Writer) int {
	in := bufio.NewReaderSize(stdin, maxHeader)
	line, err := in.ReadSlice('\n')
	if err != nil {
		return usage(fmt.Errorf("reading the header: %w", err))
	}
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return usage(fmt.Errorf("reading the header: %w", err))
	}
	if h.Memory <= 0 || h.TimeoutMS <= 0 || h.MaxResult <= 0 {
		return usage(errors.New("the header lacks a limit"))
	}
	c := &child{header: h, out: stdout, exit: os.Exit}
	confine(h.Memory)
	go c.watchMemory()
	j, err := readJob(in)
	if err != nil {
		return usage(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.timeout())
	defer cancel()
	// Not everything can be interrupted: a regular expression runs to its end.
	stop := time.AfterFunc(h.timeout()+200*time.Millisecond, func() {
		c.end(answer{Failure: failTimeout(h.timeout(), "")}, exitTimeout)
	})
	defer stop.Stop()
	c.answer(c.run(ctx, j))
	return exitOK
}

func usage(err error) int {
	fmt.Fprintln(os.Stderr, "script-worker:", err)
	return exitUsage
}

func readJob(r io.Reader) (job, error) {
	var j job
	b, err := io.ReadAll(r)
	if err != nil {
		return j, fmt.Errorf("reading the job: %w", err)
	}
	v, err := value.Parse(b)
	if err != nil {
		return j, fmt.Errorf("reading the job: %w", err)
	}
	m, _ := v.(map[string]any)
	j.Language, _ = m["language"].(string)
	j.Code, _ = m["code"].(string)
	j.Input = m["input"]
	return j, nil
}

// child is the process from the inside.
type child struct {
	header
	out  io.Writer
	exit func(code int)
	once sync.Once
}

func (c *child) run(ctx context.Context, j job) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Failure: fail(node.KindError, CodeCrash, fmt.Sprintf("The script interpreter failed: %v.", p), "simplify the script; this is a defect worth reporting")}
		}
	}()
	switch j.Language {
	case JavaScript:
		return runJavaScript(ctx, c.header, j)
	case JQ, JQFirst:
		return runJQ(ctx, c.header, j)
	}
	return answer{Failure: node.Failf(node.KindInput, "There is no script language %q.", j.Language)}
}

// answer writes the answer unless another one was.
func (c *child) answer(a answer) {
	c.once.Do(func() {
		b, err := encodeAnswer(a, c.MaxResult)
		if err == nil {
			_, err = c.out.Write(b)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "script-worker: writing the answer:", err)
		}
	})
}

// end answers and ends the process; it does not return.
func (c *child) end(a answer, code int) {
	c.answer(a)
	c.exit(code)
}

func encodeAnswer(a answer, limit int64) ([]byte, error) {
	if a.Failure == nil {
		b, err := value.JSON(a.Value)
		switch {
		case err != nil:
			a.Failure = fail(node.KindInput, CodeResult, "The result of the script cannot be used: "+err.Error()+".", "")
		case int64(len(b)) > limit:
			a.Failure = fail(node.KindInput, CodeResult, fmt.Sprintf("The result of the script takes %s, more than the %s it may take.", bytesText(int64(len(b))), bytesText(limit)),
				"return less, or write large data to a file with another node")
		default:
			a.Value = json.RawMessage(b)
		}
	}
	if a.Failure != nil {
		a.Value = nil
	}
	return json.Marshal(a)
}
