package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// down stops every recorded process that still is the one that up started, and
// unmounts what buildkitd left. Data stays unless purge is set.
func down(l layout, purge bool) error {
	unlock, err := lock(l)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(l.state); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	s, err := loadState(l)
	if err != nil {
		return err
	}
	names := serviceNames()
	slices.Reverse(names)
	var errs []error
	for _, name := range names {
		old, ok := s.Services[name]
		if !ok {
			continue
		}
		if err := stopService(l, name, old); err != nil {
			errs = append(errs, err)
			continue
		}
		old.Process = process{}
		s.Services[name] = old
	}
	if err := s.save(l); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil || !purge {
		return err
	}
	progress("deleting %s", l.state)
	return os.RemoveAll(l.state)
}

// stopService stops one process, if it is still the recorded one.
func stopService(l layout, name string, s service) error {
	if s.Process.alive() {
		progress("stopping %s", name)
	}
	if err := s.Process.stop(stopPatience); err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	if name != buildkitService {
		return nil
	}
	if err := unmountUnder(l.file("buildkit")); err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	return nil
}
