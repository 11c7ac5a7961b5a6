package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// ExitFailure is the exit code of a step that the runner, not its command, failed.
const ExitFailure = 125

// Options say what to run.
type Options struct {
	// Args is the command's argument vector; at least one.
	Args []string
	// Environ is the runner's environment with [step.ConfigEnv] in it.
	Environ []string
	// RecordDir is the folder for the record; empty is [step.RecordDir].
	RecordDir string
	// Recorder records the network of steps whose configuration asks for it.
	Recorder Recorder
}

// Run runs the command, waits until it and all that it started are gone, writes
// the record and returns the step's exit code. The calling process must have no
// other children: Run reaps, and in the end kills, all of them. It must be called
// once and end soon after: it catches all signals and gives up being dumpable. A
// done ctx kills the command.
//
// Errors: a *[StartError] when the command could not be started, with the exit
// code that the step then has; any other error, with [ExitFailure], means that
// there is no record.
func Run(ctx context.Context, o Options) (int, error) {
	if o.RecordDir == "" {
		o.RecordDir = step.RecordDir
	}
	cfg, err := readConfig(o.Environ)
	if err != nil {
		return ExitFailure, err
	}
	if len(o.Args) == 0 {
		return ExitFailure, errors.New("run step: no command")
	}
	rec, err := newRecord(o.Args)
	if err != nil {
		return ExitFailure, err
	}
	r := run{cfg: cfg, rec: rec}
	if !cfg.NoRecord {
		if r.dir, err = openRecordDir(o.RecordDir); err != nil {
			return ExitFailure, err
		}
		defer r.dir.close()
	}
	started, err := r.command(ctx, o)
	if err != nil {
		return ExitFailure, err
	}
	if err := r.record(started); err != nil {
		return ExitFailure, errors.Join(failure(started), err)
	}
	return r.rec.Exit, failure(started)
}

// run is one step on its way.
type run struct {
	cfg   step.Config
	dir   *recordDir // nil: no record is wanted
	rec   step.Record
	watch *observer
	begun unix.Timespec
	// recorder is nil when the network is not recorded, or BuildKit does it.
	recorder Recorder
	roots    []string // the operator's authorities that it trusts
	// proxied: the step is in BuildKit's proxy network, and bundle has its authority.
	proxied bool
	bundle  *bundle
}

// newRecord says who runs what, and where.
func newRecord(args []string) (step.Record, error) {
	groups, err := unix.Getgroups()
	if err != nil {
		return step.Record{}, fmt.Errorf("read groups: %w", err)
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Getcwd(buf)
	if err != nil {
		return step.Record{}, fmt.Errorf("read working directory: %w", err)
	}
	rec := step.Record{
		Command: args,
		Process: step.Process{
			UID:    uint32(unix.Getuid()),
			GID:    uint32(unix.Getgid()),
			Groups: make([]uint32, 0, len(groups)),
			Cwd:    step.Path(buf[:n-1]), // with its NUL
		},
	}
	for _, g := range groups {
		rec.Process.Groups = append(rec.Process.Groups, uint32(g))
	}
	slices.Sort(rec.Process.Groups)
	return rec, nil
}

// command runs the command to its end and stops what it left behind.
func (r *run) command(ctx context.Context, o Options) (started, error) {
	runtime.GOMAXPROCS(min(runtime.GOMAXPROCS(0), maxThreads))
	signals := catchSignals()
	if err := adopt(); err != nil {
		return started{}, err
	}
	env := commandEnv(o.Environ, r.cfg)
	if r.proxied = behindBuildKit(env, os.ReadFile); r.proxied {
		r.bundle = findBundle(bundleFiles())
	}
	r.watch = observe("/", r.cfg, o.RecordDir)
	// Only now: the walk needs /proc/self/fd, which a hidden process of an
	// ordinary user cannot read.
	if err := hide(); err != nil {
		return started{}, err
	}
	if r.dir != nil {
		var err error
		if r.begun, err = r.dir.now(); err != nil {
			return started{}, err
		}
	}
	access, err := r.startRecorder(o, env)
	if err != nil {
		return started{}, err
	}
	s, err := command{o.Args, withEnv(env, access.Env), limits{profile: r.cfg.Harden, root: r.cfg.Root, port: access.Port}}.start()
	if err != nil {
		return started{}, err
	}
	r.rec.Exit = exitStart
	if s.failed == nil {
		if r.rec.Exit, err = r.await(ctx, s.pid, signals); err != nil {
			return started{}, err
		}
	}
	if err := stopAll(); err != nil {
		return started{}, fmt.Errorf("stop step: %w", err)
	}
	return s, nil
}

// await passes signals on to the command and waits for its end.
func (r *run) await(ctx context.Context, pid int, signals chan os.Signal) (int, error) {
	over := make(chan struct{})
	defer close(over)
	go forward(signals, pid, over)
	stop := context.AfterFunc(ctx, func() { _ = unix.Kill(pid, unix.SIGKILL) })
	code, err := waitFor(pid)
	stop()
	return code, err
}

// record completes the record and writes it, where one is wanted.
func (r *run) record(s started) error {
	if r.dir == nil {
		return nil
	}
	var err error
	r.rec.Sandbox = s.sandbox
	if r.rec.Network, err = r.network(s.open); err != nil {
		return err
	}
	if r.rec.Observation, err = r.watch.finish(s.status, r.begun); err != nil {
		return fmt.Errorf("record step: %w", err)
	}
	r.bundle.restore(r.rec.Observation.Inputs)
	data, err := step.EncodeRecord(r.rec)
	if err != nil {
		return fmt.Errorf("record step: %w", err)
	}
	mark, err := r.watch.mark(r.rec.Observation.Inputs, r.begun)
	if err != nil {
		return fmt.Errorf("mark step: %w", err)
	}
	marked, err := step.EncodeMark(mark)
	if err != nil {
		return fmt.Errorf("mark step: %w", err)
	}
	if err := r.dir.write(data, marked); err != nil {
		return fmt.Errorf("record step: %w", err)
	}
	return nil
}

// failure is the error of a command that could not be started, or nil.
func failure(s started) error {
	if s.failed == nil {
		return nil
	}
	return s.failed
}
