package runner

import (
	"fmt"
	"runtime"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// observer watches the step's files. A nil observer observes nothing.
type observer struct {
	w      *watcher
	mounts *mountTable
	layers layers
	gaps   *gaps
}

// observe watches every folder below root that the step may use. What cannot be
// watched is noted and makes the observation incomplete.
func observe(root string, cfg step.Config, recordDir string) *observer {
	if !cfg.Observe {
		return nil
	}
	o := &observer{gaps: newGaps()}
	info, err := readMountinfo()
	if err == nil {
		o.mounts, err = newMountTable(info, cfg.Mounts, recordDir)
	}
	if err != nil {
		o.gaps.add("not observed: " + err.Error())
		return o
	}
	o.layers = findLayers(info, root)
	if err := o.watchBelow(root, runtime.GOMAXPROCS(0)); err != nil {
		o.gaps.add("not observed: " + err.Error())
	}
	return o
}

// watchBelow starts to watch what is there, with so many workers.
func (o *observer) watchBelow(root string, workers int) error {
	w, err := newWatcher()
	if err != nil {
		return fmt.Errorf("start inotify: %w", err)
	}
	g := newGaps()
	newWalk(w, o.mounts, o.layers, g, workers).all(root)
	if g.exhausted && workers > 1 {
		// Which folders get a watch may not depend on the workers' turns.
		if err := unix.Close(w.fd); err != nil {
			return err
		}
		return o.watchBelow(root, 1)
	}
	o.gaps = g
	if err := w.reset(); err != nil {
		_ = unix.Close(w.fd) // nothing was read from it
		return err
	}
	w.run()
	o.w = w
	return nil
}

// finish ends the observation of a command that had the status st; start is the
// time of [recordDir.now] when it began. No process of the step may be left.
func (o *observer) finish(st threadStatus, start unix.Timespec) (step.Observation, error) {
	if o == nil {
		return step.Observation{Mode: step.ObserveOff, Inputs: []step.Input{}}, nil
	}
	out := step.Observation{Mode: step.ObserveInotify, Inputs: []step.Input{}}
	if o.w != nil {
		if err := o.w.stop(); err != nil {
			o.gaps.add("file events lost: " + err.Error())
		}
		if o.w.overflow {
			o.gaps.add("file events lost: queue longer than fs.inotify.max_queued_events")
		}
		if err := o.w.noteLinked(start); err != nil {
			return step.Observation{}, fmt.Errorf("look for links: %w", err)
		}
		if o.w.full {
			o.gaps.add("more files opened than a record holds")
		}
		var err error
		if out.Inputs, err = o.w.inputs(o.mounts, start); err != nil {
			return step.Observation{}, err
		}
	}
	for _, c := range st.escapes() {
		o.gaps.add("the command could use " + c + " to escape observation")
	}
	out.Reasons = o.gaps.reasons(st.noNewPrivs)
	out.Complete = len(out.Reasons) == 0
	return out, nil
}
