package cli

import (
	"errors"
	"fmt"

	"github.com/tieline/tieline/internal/diag"
)

// Exit codes of every command.
const (
	// exitDone: what was asked is done.
	exitDone = 0
	// exitWorld: the world failed: a file could not be written, a signal came.
	exitWorld = 1
	// exitInput: the command line is wrong, or an input file has errors.
	// Nothing has been written.
	exitInput = 2
	// exitFindings: done, and there is something to look at. Only commands
	// that were asked to say so: plan --exit-code when there are warnings or
	// the lock would change, ipam --check when a range collides, test when an
	// assertion does not pass.
	exitFindings = 3
)

// usageError is a mistake on the command line.
type usageError struct {
	text string
	hint string
}

func (e *usageError) Error() string { return e.text }

// inputError is an input file with errors.
type inputError struct{ diags diag.List }

func (e *inputError) Error() string { return "the input has errors" }

// errFindings ends a command with exitFindings; it prints nothing.
var errFindings = errors.New("there are findings")

// commandError is that a command inside a lab ended with a code of its own,
// which becomes this program's; it prints nothing.
type commandError struct{ code int }

func (e *commandError) Error() string { return fmt.Sprintf("the command ended with %d", e.code) }

// exitCode gives the exit code of a command that ended with err.
func exitCode(err error) int {
	var usage *usageError
	var input *inputError
	var command *commandError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &command):
		return command.code
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, &usage), errors.As(err, &input):
		return exitInput
	}
	return exitWorld
}
