package cli

import (
	"fmt"
	"regexp"
	"strings"
)

// engineWords are what the durable engine puts around an error.
var engineWords = regexp.MustCompile(`DBOS Error \w+: |Error initializing DBOS Transact: |(?:Step|Workflow) \S+ in workflow \S+ execution error: `)

// advice says what to do about errors of the database and the disk, wherever
// they come up.
var advice = []struct{ sign, given, text string }{
	{"disk is full", "free some space", "free some space and try again; nothing was lost"},
	{"no space left on device", "free some space", "free some space and try again; nothing was lost"},
	{"malformed", "restore a backup", "the database is damaged: move it away to start afresh, or restore a backup"},
	{"file is not a database", "restore a backup", "the database is damaged: move it away to start afresh, or restore a backup"},
	{"readonly database", "AETHER_DATA_DIR", "check the rights of the data folder, or set AETHER_DATA_DIR to another one"},
	{"read-only file system", "AETHER_DATA_DIR", "set AETHER_DATA_DIR to a folder you may write to"},
	{"database is locked", "another program", "another program holds the database; try again when it is done"},
}

// sentence is an error as a user reads it.
func sentence(err error) string {
	msg := engineWords.ReplaceAllString(err.Error(), "")
	for _, a := range advice {
		if strings.Contains(msg, a.sign) && !strings.Contains(msg, a.given) {
			return msg + " (" + a.text + ")"
		}
	}
	return msg
}

// stopped is the error of a run that this process could not go on with. Of
// several causes the first one brought about the others.
func stopped(id string, err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("run %s stopped: %s; `aether runs resume %s` goes on with it", id, first, id)
}
