package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	rest := " S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3"
	tests := []struct {
		name, stat, wantErr string
		want                uint64
	}{
		{name: "plain", stat: "7 (sh)" + rest, want: 98765},
		{name: "name with spaces and parentheses", stat: "7 (a) S 1 (b)" + rest, want: 98765},
		{name: "no name", stat: "7 sh S 1", wantErr: "no process name"},
		{name: "cut short", stat: "7 (sh) S 1 7", wantErr: "3 fields"},
		{name: "zombie", stat: "7 (sh)" + strings.Replace(rest, " S ", " Z ", 1), wantErr: "has ended"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStat(tt.stat)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error %v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v; want %d", got, err, tt.want)
			}
		})
	}
}

// startSleep starts a process that lives until the test ends and is waited for.
func startSleep(t *testing.T) process {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	p, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStopEndsTheRecordedProcess(t *testing.T) {
	p := startSleep(t)
	if !p.alive() {
		t.Fatal("a started process is not alive")
	}
	if err := p.stop(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if p.alive() {
		t.Error("alive after stop")
	}
}

func TestStopLeavesARecycledPidAlone(t *testing.T) {
	p := startSleep(t)
	for name, other := range map[string]process{
		"another start time": {PID: p.PID, Start: p.Start - 1, Boot: p.Boot},
		"another boot":       {PID: p.PID, Start: p.Start, Boot: "before"},
	} {
		if other.alive() {
			t.Errorf("%s: counts as alive", name)
		}
		if err := other.stop(time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !p.alive() {
		t.Error("a process that was not ours was stopped")
	}
}

func TestWaitReadySaysThatTheServiceEnded(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	_, ended, err := launch([]string{"/bin/sh", "-c", "echo reason; sleep 0.2; exit 3"}, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	err = waitReady(t.Context(), never, ended)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v, want exit status 3", err)
	}
	if got := tail(log, 5); !strings.Contains(got, "reason") {
		t.Errorf("log's tail %q lacks the reason", got)
	}
}

var errNever = errors.New("never ready")
