package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// state is what up remembers for down, status and env.
type state struct {
	Version  int                `json:"version"`
	Services map[string]service `json:"services"`
	// Builder is the endpoint that buildx's builder was made for.
	Builder string `json:"builder,omitempty"`
}

// service is one started program.
type service struct {
	Process process `json:"process"`
	// Port on 127.0.0.1; 0 for buildkitd. It is kept after down, so that image
	// references stay valid.
	Port int `json:"port,omitempty"`
	// Key changes when the program or its configuration does.
	Key string `json:"key"`
}

const stateVersion = 1

func loadState(l layout) (state, error) {
	s := state{Version: stateVersion, Services: map[string]service{}}
	b, err := os.ReadFile(l.file("state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read %s: %w", l.file("state.json"), err)
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("read %s: version %d, want %d", l.file("state.json"), s.Version, stateVersion)
	}
	if s.Services == nil {
		s.Services = map[string]service{}
	}
	return s, nil
}

// save writes the state in one step: a reader sees the old one or the new one.
func (s state) save(l layout) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	tmp := l.file("state.json.new")
	if err := os.WriteFile(tmp, append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, l.file("state.json"))
}

// lock keeps two runs of up or down on one state apart. It lies beside the state
// folder, which down --purge deletes.
func lock(l layout) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(l.state), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(l.state+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		progress("waiting for another run on %s", l.state)
		if err := syscall.Flock(fd, syscall.LOCK_EX); err != nil {
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
	return func() { _ = f.Close() }, nil
}
