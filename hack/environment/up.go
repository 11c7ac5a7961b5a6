package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	// readyTimeout bounds a service's start. buildkitd opens its database and
	// probes the snapshotter; a busy machine takes some seconds for it.
	readyTimeout = 60 * time.Second
	// stopPatience is how long SIGTERM may take: buildkitd stops its containers.
	stopPatience = 20 * time.Second
	// logTail is how many lines of a log an error shows.
	logTail = 15
)

// up starts every service that does not run with its present configuration.
func up(ctx context.Context, l layout) error {
	unlock, err := lock(l)
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.makeDirs(); err != nil {
		return err
	}
	s, err := loadState(l)
	if err != nil {
		return err
	}
	ports, err := choosePorts(s)
	if err != nil {
		return err
	}
	for _, name := range serviceNames() {
		if err := ensure(ctx, l, &s, name, ports); err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
	}
	return ensureBuilder(ctx, l, &s)
}

// choosePorts keeps the ports of services that run and finds free ones for the
// others: the one they had, the usual one, any.
func choosePorts(s state) (map[string]int, error) {
	ports := map[string]int{}
	for _, name := range serviceNames() {
		old := s.Services[name]
		usual := usualPort(name)
		if usual == 0 || old.Process.alive() {
			ports[name] = old.Port
			continue
		}
		port, err := choosePort(old.Port, usual)
		if err != nil {
			return nil, err
		}
		if port != usual && port != old.Port {
			progress("port %d is taken; %s gets %d", usual, name, port)
		}
		ports[name] = port
	}
	return ports, nil
}

// ensure starts one service, or leaves it when it runs as it should.
func ensure(ctx context.Context, l layout, s *state, name string, ports map[string]int) error {
	r := recipeFor(l, name, ports)
	key, err := r.key()
	if err != nil {
		return err
	}
	old := s.Services[name]
	if old.Process.alive() {
		if old.Key == key {
			return nil
		}
		progress("%s has changed, restarting it", name)
		if err := stopService(l, name, old); err != nil {
			return err
		}
	}
	for file, text := range r.files {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	p, ended, err := launch(r.argv, r.env, l.log(name))
	if err != nil {
		return err
	}
	// Recorded before it is ready, so that down finds it in any case.
	s.Services[name] = service{Process: p, Port: ports[name], Key: key}
	if err := s.save(l); err != nil {
		return errors.Join(err, p.stop(stopPatience))
	}
	if err := waitReady(ctx, r.ready, ended); err != nil {
		stopErr := p.stop(stopPatience)
		return errors.Join(fmt.Errorf("%w\n%s", err, tail(l.log(name), logTail)), stopErr)
	}
	where := "unix://" + l.socket()
	if port := ports[name]; port != 0 {
		where = fmt.Sprintf("127.0.0.1:%d", port)
	}
	progress("%s runs at %s", name, where)
	return nil
}

// waitReady asks until the service answers, ends or takes too long.
func waitReady(ctx context.Context, ready func(context.Context) error, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w (%w)", context.Cause(ctx), last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tail returns the last n lines of a log, each indented.
func tail(file string, n int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return file + ":\n    " + strings.Join(lines, "\n    ")
}
