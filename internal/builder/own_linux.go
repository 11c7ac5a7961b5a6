package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/moby/buildkit/client"
)

const (
	// startTimeout bounds a daemon's start: it opens its database and probes the
	// snapshotter, and may wait for another one to end.
	startTimeout = 60 * time.Second
	// askPause is how often a daemon that starts is asked whether it answers.
	askPause = 50 * time.Millisecond
	// logTail is how much of a daemon's log an error shows, in bytes.
	logTail = 1500
)

// SupervisorCommand is the hidden argument with which this program calls itself to
// start and stop a daemon: SupervisorCommand DIR ARGV.
const SupervisorCommand = "supervise-buildkitd"

// startOwn connects to the user's own daemon, which it starts when there is none.
//
// Every build holds a shared lock on the users file for as long as it lives. The
// daemon's supervisor waits for that file to be free, so the last build, however it
// ends, ends the daemon too.
func startOwn(ctx context.Context, o Options) (_ *Builder, err error) {
	unavailable := func(err error) error {
		e := &UnavailableError{Name: "start BuildKit", err: err}
		var m *missingError
		if errors.As(err, &m) {
			e.Hint = m.hint
		}
		return e
	}
	p, err := daemonPaths(o)
	if err != nil {
		return nil, unavailable(err)
	}
	argv, err := daemonCommand(thisMachine(), p, o.DaemonConfig)
	if err != nil {
		return nil, unavailable(err)
	}
	if err := p.makeDir(); err != nil {
		return nil, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	users, err := openLock(p.users())
	if err != nil {
		return nil, unavailable(err)
	}
	if err := take(ctx, users, syscall.LOCK_SH); err != nil {
		return nil, unavailable(errors.Join(err, users.Close()))
	}
	b, err := joinOwn(ctx, o, p, argv)
	if err != nil {
		return nil, unavailable(errors.Join(err, leave(users, p)))
	}
	b.release = func() error { return leave(users, p) }
	return b, nil
}

// joinOwn waits until the daemon answers. It starts one when none runs, and gives up
// when that one ended.
func joinOwn(ctx context.Context, o Options, p paths, argv []string) (*Builder, error) {
	running, err := openLock(p.running())
	if err != nil {
		return nil, err
	}
	defer running.Close()
	started := false
	for {
		ok, err := try(running, syscall.LOCK_EX)
		if err != nil {
			return nil, err
		}
		if ok && started {
			return nil, fmt.Errorf("it ended at once\n%s", tail(p.log()))
		}
		if ok {
			o.Say("starting BuildKit; its cache is in %s", p.root())
			if err := supervise(p, argv, running); err != nil {
				return nil, err
			}
			started = true
			// The supervisor has the lock now; another opening tells its end.
			if err := errors.Join(running.Close(), reopen(&running, p.running())); err != nil {
				return nil, err
			}
		}
		if b := ask(ctx, p); b != nil {
			return b, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("it does not answer: %w\n%s", context.Cause(ctx), tail(p.log()))
		case <-time.After(askPause):
		}
	}
}

func reopen(f **os.File, path string) (err error) {
	*f, err = openLock(path)
	return err
}

// ask returns the daemon when it answers.
func ask(ctx context.Context, p paths) *Builder {
	if _, err := os.Stat(p.socket()); err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := client.New(ctx, "unix://"+p.socket())
	if err != nil {
		return nil
	}
	b, err := answer(ctx, c, "BuildKit of this user", "")
	if err != nil {
		return nil
	}
	return b
}

// supervise starts this program once more, apart from the terminal, with the lock that
// says that a daemon runs.
func supervise(p paths, argv []string, running *os.File) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, append([]string{SupervisorCommand, p.dir}, argv...)...)
	cmd.Args[0] = os.Args[0] // tests find their command by it
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{running}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Dir = p.dir
	if cmd.Env, err = daemonEnv(p); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // its end is seen by its lock
	return nil
}

// daemonEnv is the environment of a daemon. Without root's rights runc keeps its state in
// XDG_RUNTIME_DIR, and only when USER is not root.
func daemonEnv(p paths) ([]string, error) {
	env := os.Environ()
	if os.Geteuid() == 0 {
		return env, nil
	}
	u, err := user.Current()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.runtime(), 0o700); err != nil {
		return nil, err
	}
	return append(env, "XDG_RUNTIME_DIR="+p.runtime(), "USER="+u.Username), nil
}

// leave gives up the daemon, and waits for its end when nobody else uses it.
func leave(users *os.File, p paths) error {
	// Alone: only then can the lock be had for one.
	last, err := try(users, syscall.LOCK_EX)
	if err == nil && !last {
		// Given up while it was tried: others build, or the supervisor has it already.
		var others bool
		others, err = try(users, syscall.LOCK_SH)
		last = !others
	}
	if err := errors.Join(err, users.Close()); err != nil || !last {
		return err
	}
	for end := time.Now().Add(2 * stopPatience); time.Now().Before(end); time.Sleep(lockPause) {
		if ended, err := free(p.running()); ended || err != nil {
			return err
		}
	}
	return fmt.Errorf("BuildKit did not end within %s; see %s", 2*stopPatience, p.log())
}

// tail is the end of a daemon's log, indented.
func tail(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > logTail {
		_, _ = f.Seek(-logTail, io.SeekEnd) // then all of it is shown
	}
	b, err := io.ReadAll(io.LimitReader(f, logTail))
	if err != nil {
		return err.Error()
	}
	return file + ":\n    " + strings.ReplaceAll(strings.TrimSpace(string(b)), "\n", "\n    ")
}
