package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// A body that does not come is given up, on the routes of robots too; one that
// came in time may be answered later than it had to come.
func TestBodiesComeAtAPace(t *testing.T) {
	p := probe(open(t, dbtest.SQLite(t)))
	p.srv.SetGrace(time.Second)
	for _, o := range []struct {
		role   auth.Role
		target string
	}{{auth.Worker, fmt.Sprintf("/api/v1/robot/jobs/%d/records?fence=%d", p.lease.Job, p.lease.Fence)}, {auth.Operator, "/api/v1/runs"}} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
		_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\nAether-Machine: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", o.target, p.tokens[o.role], p.machine)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", o.target, err)
		}
		defer res.Body.Close()
		var problem api.Problem
		if err := json.NewDecoder(res.Body).Decode(&problem); err != nil || res.StatusCode != http.StatusRequestTimeout || problem.Kind != "limit" {
			t.Errorf("%s: %d %+v %v", o.target, res.StatusCode, problem, err)
		}
	}
	// A body that is broken is the client's mistake.
	code, b, _ := p.ask(auth.Operator, "POST", "/api/v1/jobs/drop", nil)
	if code >= 500 {
		t.Errorf("no body: %d %s", code, b)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	_, _ = fmt.Fprintf(conn, "POST /api/v1/jobs/drop HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", p.tokens[auth.Operator])
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("a broken body: %d", res.StatusCode)
	}
	var got api.Claimed
	p.want(200, auth.Worker, "POST", "/robot/claim", map[string]any{"name": "robot-0", "machine": p.machine, "wait_ms": 2500}, &got)
	if got.Job != nil {
		t.Errorf("it was given %+v", got.Job)
	}
}
