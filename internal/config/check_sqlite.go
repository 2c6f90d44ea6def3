package config

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

func checkSQLite(ctx context.Context, path string, r *Report) error {
	dsn, missing := ":memory:", false
	if path != ":memory:" {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.Mode().IsRegular():
			return errors.New("it is not a file; name a file in database.url")
		case err == nil:
			dsn = sqliteDSN(path)
		case errors.Is(err, fs.ErrNotExist):
			missing = true // the library's version and speed are told from memory
		default:
			return fmt.Errorf("looking at the file: %w", err)
		}
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return sqliteHint(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&r.ServerVersion); err != nil {
		return sqliteHint(err)
	}
	r.Latency, err = median(func() error {
		var n int
		return conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&n)
	})
	if err != nil {
		return sqliteHint(err)
	}
	if missing {
		r.Rights = append(r.Rights, canMake(path))
		return nil
	}
	if r.Aether, err = sqliteTables(ctx, conn, "migration"); err != nil {
		return err
	}
	if r.DBOS, err = sqliteTables(ctx, conn, "dbos_migrations"); err != nil {
		return err
	}
	right := Right{Name: "write to the file", OK: true}
	if err := sqliteWrite(ctx, conn); err != nil {
		right.OK, right.Remedy = false, "make the file and its folder writable for the user that runs Aether, and see that no other program holds a lock ("+err.Error()+")"
	}
	r.Rights = append(r.Rights, right)
	if path != ":memory:" {
		r.Rights = append(r.Rights, canWriteDir(filepath.Dir(path))) // the write-ahead log goes beside the file
	}
	return nil
}

// sqliteDSN opens an existing file and never makes one.
func sqliteDSN(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/data becomes file:///C:/data
	}
	path = strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23").Replace(path)
	return "file://" + path + "?mode=rw&_pragma=busy_timeout(2000)"
}

func sqliteTables(ctx context.Context, conn *sql.Conn, table string) (Tables, error) {
	var n int
	err := conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?`, table).Scan(&n)
	if err != nil {
		return Tables{}, sqliteHint(err)
	}
	if n == 0 {
		return Tables{}, nil
	}
	t := Tables{Exists: true}
	// The name is one of two constants.
	err = conn.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM `+table).Scan(&t.Version)
	if err != nil {
		return t, fmt.Errorf("reading the version in table %s: %w", table, err)
	}
	return t, nil
}

// sqliteWrite changes the schema in a transaction and takes it back.
func sqliteWrite(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, `CREATE TABLE aether_check_right (n INTEGER)`)
	_, rollbackErr := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	return errors.Join(err, rollbackErr)
}

// canMake tells whether a file that is not there can be made, with its missing folders.
func canMake(path string) Right {
	dir := filepath.Dir(path)
	for {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			break
		}
		if err == nil {
			return Right{Name: "make " + path, Remedy: dir + " is a file where a folder is needed; move it away or set AETHER_DATA_DIR"}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return Right{Name: "make " + path, Remedy: "no folder of the path exists; set AETHER_DATA_DIR"}
		}
		dir = parent
	}
	right := canWriteDir(dir)
	right.Name = "make " + path
	return right
}

func canWriteDir(dir string) Right {
	right := Right{Name: "write in " + dir, OK: true}
	f, err := os.CreateTemp(dir, ".aether-check-*")
	if err != nil {
		right.OK, right.Remedy = false, "make "+dir+" writable for the user that runs Aether, or set AETHER_DATA_DIR to a folder that is ("+cause(err)+")"
		return right
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	return right
}

func sqliteHint(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "not a database"):
		return fmt.Errorf("reading the file: %w; it is some other file, or it is damaged: name another one in database.url or restore a backup", err)
	case strings.Contains(text, "locked"), strings.Contains(text, "busy"):
		return fmt.Errorf("reading the file: %w; another program holds it, wait or stop that program", err)
	}
	return fmt.Errorf("reading the file: %w; make the file and its folder readable and writable for the user that runs Aether", err)
}
