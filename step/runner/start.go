package runner

import (
	"runtime"
	"syscall"

	"github.com/sworn-build/sworn/step"
)

// command is what to start.
type command struct {
	argv   []string
	env    []string
	limits limits
}

// started is a command that was started, or could not be.
type started struct {
	pid     int
	sandbox step.Sandbox
	status  threadStatus
	// open says why the command could reach more of the network than its limits say.
	open []string
	// failed is set when the command, not the sandbox, is at fault.
	failed *StartError
}

// start applies the sandbox and starts the command in its own session. Both
// happen on one thread that ends afterwards, so that the runner's other threads
// keep the privileges that they need to stop what the command leaves behind. An
// error means that nothing was started.
func (c command) start() (started, error) {
	type result struct {
		s   started
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		s, err := c.startHere()
		done <- result{s, err}
	}()
	r := <-done
	return r.s, r.err
}

func (c command) startHere() (started, error) {
	a, err := c.limits.apply()
	if err != nil {
		return started{}, err
	}
	sb, st, err := readSandbox(c.limits.profile, a)
	if err != nil {
		return started{}, err
	}
	s := started{sandbox: sb, status: st, open: a.open}
	path, _ := lookupEnv(c.env, "PATH")
	file, err := lookPath(c.argv[0], path)
	if err != nil {
		s.failed = err.(*StartError)
		return s, nil
	}
	spendPIDs()
	s.pid, err = syscall.ForkExec(file, c.argv, &syscall.ProcAttr{
		Env:   c.env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		s.failed = &StartError{Name: file, Err: err, form: phaseExec}
	}
	return s, nil
}
