// Package console prints coloured lines to standard output and ends the process with the tool's exit codes.
package console

import (
	"fmt"
	"os"
)

// Exit codes of the real tool. Unfinished also covers every failure of `backup` and `rollback`.
const (
	normal         = 0
	unfinished     = 1
	backupFinished = 2
)

func colour(code, message string) { fmt.Printf("\x1b[%sm%s\x1b[0m\n", code, message) }

// Success prints in green.
func Success(message string) { colour("0;32", message) }

// Warning prints in yellow.
func Warning(message string) { colour("0;33", message) }

// Error prints in red.
func Error(message string) { colour("0;31", message) }

// NormalExit runs the callbacks and ends with 0.
func NormalExit(message string, callbacks ...func()) {
	Success(message)
	end(normal, callbacks)
}

// AbnormalExit runs the callbacks and ends with 2 when a backup was finished before, else with 1.
func AbnormalExit(hasBackup bool, message string, callbacks ...func()) {
	Error(message)
	if hasBackup {
		end(backupFinished, callbacks)
	}
	end(unfinished, callbacks)
}

// AbnormalExitIf is AbnormalExit for a non-nil error.
func AbnormalExitIf(err error, hasBackup bool, callbacks ...func()) {
	if err != nil {
		AbnormalExit(hasBackup, err.Error(), callbacks...)
	}
}

func end(code int, callbacks []func()) {
	for _, callback := range callbacks {
		callback()
	}
	os.Exit(code)
}
