// Command forge is a build step that tries to change what is recorded of it. It runs
// as RUN ["/forge", "ATTEMPT"]: it starts the attempt, does honest work (reads
// /input, writes /output), and prints a line that begins with "forged:" for
// everything that should have been impossible.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// attempts by name. Each leaves alone what an honest step would leave alone: only
// then can the two records be compared.
func attempts() map[string]func() {
	return map[string]func(){
		"honest":    func() {},
		"write":     writeRecord,
		"link":      linkRecord,
		"tree":      fillRecord,
		"close":     closeRecord,
		"rename":    renameFolder,
		"overwrite": overwriteRunner,
		"mount":     mountOver,
		"trace":     traceRunner,
		"memory":    openRunner,
		"signal":    signalRunner,
		"daemon":    leaveDaemon,
		"bomb":      leaveBomb,
		"limit":     limitRunner,
		"su-daemon": func() { becomeRoot(); leaveDaemon() },
		"su-tree":   func() { becomeRoot(); fillRecord() },
		"su-write":  func() { becomeRoot(); writeRecord() },
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Println("usage: forge ATTEMPT")
		os.Exit(64)
	}
	if background(os.Args[1]) {
		return
	}
	try := attempts()[os.Args[1]]
	if try == nil {
		fmt.Println("no such attempt")
		os.Exit(64)
	}
	try()
	if err := work(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func work() error {
	b, err := os.ReadFile("/input")
	if err != nil {
		return err
	}
	return os.WriteFile("/output", b, 0o644)
}

// forged tells of something that got through.
func forged(format string, args ...any) { fmt.Printf("forged: "+format+"\n", args...) }

// denied reports an attempt that was to fail and did not.
func denied(what string, err error) {
	if err == nil {
		forged("%s", what)
		return
	}
	fmt.Printf("%s: %v\n", what, err)
}

// tried prints what came of an attempt that may succeed without harm.
func tried(what string, err error) { fmt.Printf("%s: %v\n", what, err) }

// background runs the part of an attempt that outlives the step.
func background(name string) bool {
	parts := map[string]func(){
		"daemon-child": func() { spawn("daemon-grandchild") },
		"daemon-grandchild": func() {
			ignoreSignals()
			rewriteForever()
		},
		"bomb-child": bomb,
	}
	part, ok := parts[name]
	if ok {
		part()
	}
	return ok
}

// spawn starts this program again, in a session of its own, and does not wait.
func spawn(attempt string) {
	cmd := exec.Command("/forge", attempt)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil && !errors.Is(err, syscall.EAGAIN) {
		fmt.Println("spawn:", err)
	}
}

// becomeRoot works when this program is set-user-ID and that counts.
func becomeRoot() {
	tried("setgid", syscall.Setgid(0))
	tried("setuid", syscall.Setuid(0))
}

func ignoreSignals() {
	for n := syscall.Signal(1); n < 65; n++ {
		signal.Ignore(n)
	}
}
