package db

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // registers the driver sqlite

	"github.com/aether-rpa/aether/node"
)

// sqliteFile returns the absolute path of the file of a database, inside of the
// folders a flow may use.
func sqliteFile(env *node.Env, name string, create bool) (string, error) {
	path, err := env.Files.Abs(name)
	if err != nil {
		return "", err
	}
	info, err := env.Files.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !create {
			return "", node.Fail(node.KindNotFound, "there is no file "+name, "check the name; a node that writes makes the file")
		}
	case err != nil:
		return "", err
	case info.IsDir():
		return "", node.Fail(node.KindInput, name+" is a folder, not the file of a database", "give the name of a file in it")
	}
	return path, nil
}

// absent reports whether an error says that the file of an SQLite database is
// not there yet.
func (c connection) absent(err error) bool {
	return err != nil && c.Driver == "sqlite" && node.AsFailure(err).Kind == node.KindNotFound
}

// sqliteVersion tells the version where there is no file to ask.
func sqliteVersion(ctx context.Context) (version string, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }() // nothing is in it
	err = db.QueryRowContext(ctx, "select sqlite_version()").Scan(&version)
	return version, err
}

// sqliteDSN waits for others that write, and holds to foreign keys. How the
// file keeps its journal stays as it is: the file belongs to others too.
func sqliteDSN(path string) string {
	return "file:" + (&url.URL{Path: strings.ReplaceAll(path, string(os.PathSeparator), "/")}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
}

// sqliteAllows refuses statements that reach for other files: the folders that
// a flow may use hold for them too.
func sqliteAllows(text string) error {
	words := words("sqlite", text, 64)
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "attach":
		return node.Fail(node.KindDenied, "ATTACH opens another file, which is not allowed here", "query each database with a step of its own")
	case "vacuum":
		for _, w := range words {
			if w == "into" {
				return node.Fail(node.KindDenied, "VACUUM INTO writes another file, which is not allowed here", "copy the file with file.copy")
			}
		}
	case "pragma":
		for _, w := range words {
			if w == "temp_store_directory" || w == "data_store_directory" {
				return node.Fail(node.KindDenied, "PRAGMA "+w+" changes where files are written, which is not allowed here", "leave it out")
			}
		}
	}
	return nil
}
