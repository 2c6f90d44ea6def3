package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/aether-rpa/aether/node"
)

// fail turns an error of a driver into a failure, without secrets: drivers put
// addresses with passwords into their texts.
func (c connection) fail(err error, doing string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var f *node.Failure
	if errors.As(err, &f) {
		return err
	}
	kind, hint := judge(err)
	out := node.Fail(kind, doing+": "+c.hide(err.Error()), hint)
	out.Code = stateOf(err)
	return out
}

// judge says what kind of error it is: by its code where it has one, since
// texts come in the language of the server.
func judge(err error) (kind, hint string) {
	const (
		again     = "another transaction was in the way; a retry of the step mostly helps"
		statement = "look at the statement"
		data      = "look at the values"
		signIn    = "look at user, password and rights"
		reach     = "look whether host and port are right and the server runs"
	)
	state, number := stateOf(err), numberOf(err)
	var lite *sqlite.Error
	switch {
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case 5, 6: // busy, locked
			return node.KindError, again
		case 8:
			return node.KindDenied, "the database can only be read: a query writes with allow_writes, and the file must not be write-protected"
		case 13:
			return node.KindError, "the disk is full"
		case 11, 26:
			return node.KindInput, "the file is damaged, or no SQLite database"
		case 14:
			return node.KindError, "look whether its folder is there and may be written to"
		case 18, 19, 20:
			return node.KindInput, data
		case 1:
			return node.KindInput, statement
		}
		return node.KindError, ""
	case number != 0:
		switch {
		case slices.Contains([]int{1205, 1213, 1020, 3572}, number):
			return node.KindError, again
		case slices.Contains([]int{1044, 1045, 1142, 1143, 1227, 1370, 1698, 1792}, number):
			return node.KindDenied, signIn
		case strings.HasPrefix(state, "42"):
			return node.KindInput, statement
		case strings.HasPrefix(state, "22"), strings.HasPrefix(state, "23"):
			return node.KindInput, data
		case strings.HasPrefix(state, "08"):
			return node.KindNetwork, reach
		}
		return node.KindError, ""
	case len(state) == 5:
		switch {
		case state == "42501", state[:2] == "28":
			return node.KindDenied, signIn
		case state == "25006":
			return node.KindDenied, "a query can only read; allow_writes lets it change data"
		case state == "3D000":
			return node.KindInput, "look at the name of the database"
		case state[:2] == "42":
			return node.KindInput, statement
		case state[:2] == "22", state[:2] == "23":
			return node.KindInput, data
		case state[:2] == "40", state == "55P03":
			return node.KindError, again
		case state[:2] == "08", state[:2] == "57" && state != "57014":
			return node.KindNetwork, reach
		}
		return node.KindError, ""
	}
	var denied interface{ Denied() bool }
	var netErr net.Error
	low := strings.ToLower(err.Error())
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(low, p) })
	}
	switch {
	case errors.As(err, &denied) && denied.Denied():
		return node.KindDenied, "ask the administrator to allow the address in the egress policy if flows may use it"
	case has("certificate", "x509", "tls"):
		return node.KindNetwork, "look at tls; a server with a certificate of your own needs ca_file"
	case has("login failed", "ora-01017", "ora-28000"):
		return node.KindDenied, signIn
	case errors.As(err, &netErr), has("connection refused", "no such host", "bad connection", "unexpected eof", "connection reset", "broken pipe", "invalid connection"):
		return node.KindNetwork, reach
	case has("syntax", "does not exist", "invalid object name", "invalid column name", "ora-009"):
		return node.KindInput, statement
	case has("unique", "duplicate", "constraint", "ora-00001"):
		return node.KindInput, data
	}
	return node.KindError, ""
}

// stateOf returns the code of a database error, if it has one.
func stateOf(err error) string {
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg):
		return pg.Code
	case errors.As(err, &my):
		if my.SQLState != [5]byte{} {
			return string(my.SQLState[:])
		}
		return strconv.Itoa(int(my.Number))
	case errors.As(err, &lite):
		return strconv.Itoa(lite.Code())
	}
	var numbered interface{ SQLErrorNumber() int32 }
	if errors.As(err, &numbered) {
		return strconv.Itoa(int(numbered.SQLErrorNumber()))
	}
	return ""
}

func numberOf(err error) int {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return int(my.Number)
	}
	return 0
}

// answered reports whether the database itself said what is wrong: then it is
// known what became of the statement.
func answered(err error) bool { return stateOf(err) != "" }

// unsure is the failure of a change of which nobody knows whether it took
// effect: repeating it by itself could do it twice.
func (c connection) unsure(err error, what string) error {
	text := "the connection was cut"
	var f *node.Failure
	switch {
	case errors.As(err, &f):
		text = f.Message
	case errors.Is(err, context.DeadlineExceeded):
		text = "it took too long"
	case errors.Is(err, context.Canceled):
		return err
	}
	out := node.Fail(node.KindInterrupted, fmt.Sprintf("%s before the database confirmed %s; whether it took effect is unknown", text, what), "look into the database before running the step again")
	out.Permanent = true
	return out
}

var (
	userinfoRE = regexp.MustCompile(`^(?:[A-Za-z0-9+.-]+://)?[^:/@\s]*:(.*)@`)
	passwordRE = regexp.MustCompile(`(?i)(?:password|pwd|passwd)\s*=\s*('[^']*'|[^;&\s]+)`)
)

// hide takes the secrets of a connection out of a text, in the forms that an
// address gives them.
func (c connection) hide(text string) string {
	secrets := []string{c.URL.Reveal(), c.Password.Reveal()}
	if u := c.URL.Reveal(); u != "" {
		if m := userinfoRE.FindStringSubmatch(u); m != nil {
			secrets = append(secrets, m[1])
		}
		for _, m := range passwordRE.FindAllStringSubmatch(u, -1) {
			secrets = append(secrets, m[1], strings.Trim(m[1], "'"))
		}
	}
	for _, s := range slices.Clone(secrets) {
		if plain, err := url.QueryUnescape(s); err == nil {
			secrets = append(secrets, plain)
		}
		if plain, err := url.PathUnescape(s); err == nil {
			secrets = append(secrets, plain)
		}
		secrets = append(secrets, url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:])
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}
