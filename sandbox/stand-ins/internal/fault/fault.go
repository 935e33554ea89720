// Package fault lets a test stop the process at a named point.
//
//	SANDBOX_FAULT=POINT=ACTION[,…]   POINT: a name as passed to Point ("after-clean", "mid-save:3"), or "#N":
//	                                 the Nth line of the log, counted over all processes that share it
//	                                 ACTION: kill (SIGKILL to this process), kill-group (to its process group),
//	                                 stop (SIGSTOP), fail (the step returns an error), sleep:MILLISECONDS
//	SANDBOX_FAULT_LOG=FILE           every point reached is appended to it
package fault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInjected is what a step returns under the action "fail".
var ErrInjected = errors.New("etcdserver: request timed out")

// Point is passed by every step that a test may want to interrupt.
func Point(format string, args ...any) error {
	name := fmt.Sprintf(format, args...)
	number := record(name)
	for _, spec := range strings.Split(os.Getenv("SANDBOX_FAULT"), ",") {
		point, action, found := strings.Cut(spec, "=")
		if !found || (point != name && (number == 0 || point != "#"+strconv.Itoa(number))) {
			continue
		}
		if err := act(action); err != nil {
			return err
		}
	}
	return nil
}

// record appends the name to the log and returns its line number, 0 without a log.
func record(name string) int {
	path := os.Getenv("SANDBOX_FAULT_LOG")
	if path == "" {
		return 0
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err := file.WriteString(name + "\n"); err != nil {
		panic(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return bytes.Count(content, []byte("\n"))
}

func act(action string) error {
	verb, argument, _ := strings.Cut(action, ":")
	switch verb {
	case "kill":
		return kill(os.Getpid(), syscall.SIGKILL)
	case "kill-group":
		return kill(0, syscall.SIGKILL)
	case "stop":
		return kill(os.Getpid(), syscall.SIGSTOP)
	case "sleep":
		milliseconds, err := strconv.Atoi(argument)
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
		return nil
	case "fail":
		return ErrInjected
	}
	return fmt.Errorf("SANDBOX_FAULT: unknown action %q", action)
}

// kill signals and, for SIGKILL, waits for the end: the signal is delivered a moment later.
func kill(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(pid, signal); err != nil {
		return err
	}
	if signal == syscall.SIGKILL {
		select {}
	}
	return nil
}
