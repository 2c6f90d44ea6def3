package db

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
)

// skip returns how long the quoted text, comment or word is that begins here,
// in which nothing is a placeholder and no semicolon ends a statement.
func skip(driver, s string) int {
	until := func(end string, from int) int {
		if i := strings.Index(s[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "--"):
		if driver == "mysql" && len(s) > 2 && s[2] > ' ' {
			return 2 // two minus signs
		}
		return until("\n", 2)
	case driver == "mysql" && (strings.HasPrefix(s, "/*!") || strings.HasPrefix(s, "/*M!")):
		return 3 // MySQL runs what stands in such a comment
	case strings.HasPrefix(s, "/*"):
		if driver == "postgres" || driver == "sqlserver" {
			return nested(s)
		}
		return until("*/", 2)
	case driver == "mysql" && s[0] == '#':
		return until("\n", 1)
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		return quoted(s, 0, s[0], driver == "mysql" && s[0] != '`')
	case (s[0] == 'e' || s[0] == 'E') && driver == "postgres" && strings.HasPrefix(s[1:], "'"):
		return quoted(s, 1, '\'', true)
	case driver == "oracle" && (strings.HasPrefix(s, "q'") || strings.HasPrefix(s, "Q'")) && len(s) > 2:
		end := string(s[2])
		if i := strings.IndexByte("([{<", s[2]); i >= 0 {
			end = string(")]}>"[i])
		}
		return until(end+"'", 3)
	case s[0] == '[' && driver == "sqlserver":
		return quoted(s, 0, ']', false)
	case s[0] == '[' && driver == "sqlite":
		return until("]", 1)
	case s[0] == '$' && driver == "postgres" && digits(s[1:]) == 0:
		n := 1
		for n < len(s) && isName(s[n], n == 1) {
			n++
		}
		if n < len(s) && s[n] == '$' {
			return until(s[:n+1], n+1)
		}
	case isName(s[0], true): // a word, so that the e of like'x' is no escape
		n := 1
		for n < len(s) && (isName(s[n], false) || s[n] == '$') {
			n++
		}
		return n
	}
	return 0
}

// quoted returns where a quotation ends that opens at a position; the closing
// sign twice stands for itself.
func quoted(s string, open int, end byte, escapes bool) int {
	for i := open + 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == end && i+1 < len(s) && s[i+1] == end:
			i++
		case s[i] == end:
			return i + 1
		}
	}
	return len(s)
}

// nested returns where a comment ends that may hold others.
func nested(s string) int {
	depth, i := 0, 0
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return len(s)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func isName(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9' || c >= 0x80
}

// words returns the first bare words of a statement in small letters, and ";"
// where it is parted: what stands in quotes and comments is left out.
func words(driver, text string, most int) []string {
	var out []string
	for i := 0; i < len(text) && len(out) < most; {
		n := skip(driver, text[i:])
		switch {
		case n > 0 && isName(text[i], true) && text[i+n-1] != '\'':
			out = append(out, strings.ToLower(text[i:i+n]))
		case n == 0 && text[i] == ';':
			out = append(out, ";")
		case n > 0 && !strings.HasPrefix(text[i:], "--") && !strings.HasPrefix(text[i:], "/*") && text[i] != '#':
			out = append(out, "") // something quoted
		case n == 0 && text[i] > ' ':
			if len(out) == 0 || out[len(out)-1] != "" {
				out = append(out, "")
			}
		}
		i += max(n, 1)
	}
	return out
}

// single refuses several statements in one text: only the first would take
// parameters. Blocks of PL/SQL and the bodies of triggers and procedures are
// one statement; SQL Server takes a batch as a whole, with its parameters.
func single(driver, text string) error {
	w := words(driver, text, len(text))
	if len(w) == 0 {
		return node.Fail(node.KindInput, "the statement is empty", "write one")
	}
	body := driver == "oracle" && (w[0] == "begin" || w[0] == "declare") || driver == "mysql" && w[0] == "begin" && len(w) > 1 && w[1] == "not"
	if w[0] == "create" {
		body = slices.ContainsFunc(w[:min(len(w), 12)], func(s string) bool {
			return s == "trigger" || s == "procedure" || s == "function" || s == "package" || s == "event" || s == "type"
		})
	}
	if !body && driver != "sqlserver" && several(w) {
		return node.Fail(node.KindInput, "the text holds several statements", "give each a step of its own, or put them into one db.transaction")
	}
	if driver == "sqlite" {
		return sqliteAllows(text)
	}
	return nil
}

// several reports whether something comes after a semicolon.
func several(w []string) bool {
	i := slices.Index(w, ";")
	return i >= 0 && slices.ContainsFunc(w[i:], func(s string) bool { return s != ";" })
}

// ends are words with which a statement would end or begin a transaction.
var ends = []string{"commit", "rollback", "begin", "start", "end", "abort", "savepoint", "release"}

// implicit are words of statements before which MySQL and Oracle commit by
// themselves what was done so far.
var implicit = []string{
	"create", "alter", "drop", "truncate", "rename", "grant", "revoke", "lock", "unlock", "analyze", "optimize", "repair",
	"comment", "purge", "flush", "load", "install", "audit",
}

// controls returns the word with which a statement steers a transaction, and ""
// for every other statement.
func controls(driver string, w []string) string {
	switch {
	case len(w) == 0:
	case driver == "sqlserver", driver == "oracle" && (w[0] == "begin" || w[0] == "declare"): // blocks
		for i, word := range w {
			if word == "commit" || word == "rollback" || word == "begin" && i+1 < len(w) && (w[i+1] == "tran" || w[i+1] == "transaction") {
				return word
			}
		}
	case w[0] == "start" && len(w) > 1 && w[1] != "transaction", w[0] == "begin" && len(w) > 1 && w[1] == "not":
	case slices.Contains(ends, w[0]), w[0] == "prepare" && len(w) > 1 && w[1] == "transaction", w[0] == "set" && slices.Contains(w, "autocommit"):
		return w[0]
	}
	return ""
}

// alone refuses statements that make no sense by themselves: a connection
// lives no longer than its step.
func alone(driver, text string) error {
	if word := controls(driver, words(driver, text, len(text))); word != "" {
		return node.Fail(node.KindInput, strings.ToUpper(word)+" has no effect in a step of its own: each step commits what it did", "put the statements that belong together into one db.transaction")
	}
	return nil
}

// inTransaction refuses statements that would break the promise of a
// transaction: all of it or nothing.
func inTransaction(driver, text string) error {
	w := words(driver, text, len(text))
	if word := controls(driver, w); word != "" {
		return node.Fail(node.KindInput, strings.ToUpper(word)+" cannot stand in a transaction, which the step begins and ends itself", "leave it out")
	}
	temporary := driver == "mysql" && len(w) > 1 && (w[0] == "create" || w[0] == "drop") && w[1] == "temporary"
	if (driver == "mysql" || driver == "oracle") && len(w) > 0 && slices.Contains(implicit, w[0]) && !temporary {
		name := map[string]string{"mysql": "MySQL and MariaDB", "oracle": "Oracle"}[driver]
		return node.Fail(node.KindInput, fmt.Sprintf("%s cannot take %s back: the statements before it would stay whatever comes after it", name, strings.ToUpper(w[0])), "give it a db.execute of its own before the transaction")
	}
	return nil
}

// reads refuses what is no query, for databases that cannot be told to only
// read.
func reads(driver, text string) error {
	w := words(driver, text, len(text))
	if len(w) == 0 || w[0] != "select" && w[0] != "with" {
		return node.Fail(node.KindInput, "a query begins with SELECT or WITH", "set allow_writes for a statement that does more and returns rows")
	}
	for _, word := range w {
		if driver == "sqlserver" && slices.Contains([]string{";", "insert", "update", "delete", "merge", "into", "commit", "rollback", "exec", "execute", "drop", "alter", "create", "truncate"}, word) {
			return node.Fail(node.KindInput, "a query can only read, and this one holds "+strings.ToUpper(word), "set allow_writes, or put a name that is such a word in brackets")
		}
	}
	return nil
}

// spoils reports whether a statement changes the connection itself, which must
// then not serve another step.
func spoils(driver, text string) bool {
	w := words(driver, text, len(text))
	return len(w) > 0 && slices.Contains([]string{"set", "use", "lock", "alter", "reset", "discard", "exec", "execute", "call", "declare", "begin", "do", "listen"}, w[0]) ||
		slices.Contains(w, "temporary") || slices.Contains(w, "temp")
}
