// Package runner runs the command of a build step as PID 1 of its container,
// watches which files it opens, and writes what it saw as a [step.Record].
//
// The command cannot tell the difference by its arguments, environment, standard
// streams, exit code or the image that it leaves. What it can see is that it is
// not PID 1, that [step.Dir] exists, and, when hardened, that it has fewer
// capabilities. As PID 1 the runner passes on only signals that the command
// handles, because the kernel, too, keeps every other signal from a container's
// first process.
//
// The record is written after every other process of the container is gone, into
// a folder opened before the command started, by a process that the command can
// neither trace nor read nor kill. What the command wrote there is removed.
// Anything that stands in the way is an error, and no record is left.
//
// Observation uses inotify(7) on every folder that exists when the command
// starts. A file that is moved, or hard-linked, counts as opened: it can be read
// under the new name, in a folder that nobody watches. Not seen is a file that the
// command reads only through a hard link that it removes again.
//
//	code, err := runner.Run(ctx, runner.Options{
//		Args:    os.Args[1:],
//		Environ: os.Environ(),
//	})
package runner
