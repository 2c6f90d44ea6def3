package db

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Text makes of what a program or a website said a text that both databases can
// keep: a zero byte, and bytes that are not UTF-8, become U+FFFD. It is for words
// that people read; a name or a key must be refused instead.
func Text(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Unfit reports whether an error says that a value cannot be kept: text with a
// zero byte or bytes that are not UTF-8, or a number that is too large.
func Unfit(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05" || pg.Code == "22003")
}
