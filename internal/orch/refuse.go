package orch

import (
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/internal/queue"
)

// inputError carries a sentence of its own for ErrInput.
type inputError string

func (e inputError) Error() string { return string(e) }

// Is makes errors.Is(err, ErrInput) true.
func (e inputError) Is(target error) bool { return target == ErrInput }

// unfit says what is wrong with what was asked for.
func unfit(format string, args ...any) error { return inputError(fmt.Sprintf(format, args...)) }

// notAdded says why a job was not added: it was asked for wrongly, or the database
// failed.
func notAdded(err error) error {
	if errors.Is(err, queue.ErrJob) {
		return unfit("%s", err)
	}
	return err
}
