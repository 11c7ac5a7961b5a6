package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func never(context.Context) error { return errNever }

func TestChoosePortPassesOverTakenOnes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	free, err := listenOnce(0)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := choosePort(0, taken, free); err != nil || got != free {
		t.Errorf("got %d, %v; want the free port %d", got, err, free)
	}
	if got, err := choosePort(taken); err != nil || got == taken || got == 0 {
		t.Errorf("got %d, %v; want any port but %d", got, err, taken)
	}
}

func TestMountsUnder(t *testing.T) {
	info := strings.Join([]string{
		"24 1 0:22 / /s/buildkit rw - tmpfs tmpfs rw",
		"25 1 0:22 / /s/buildkit/a rw - overlay overlay rw",
		`26 1 0:22 / /s/buildkit/b\040c rw - overlay overlay rw`,
		"27 1 0:22 / /s/buildkitd rw - overlay overlay rw",
		"28 1",
	}, "\n")
	want := []string{"/s/buildkit/a", "/s/buildkit/b c"}
	if diff := cmp.Diff(want, mountsUnder(info, "/s/buildkit")); diff != "" {
		t.Error(diff)
	}
}

func TestLayoutRefusesALongSocketPath(t *testing.T) {
	_, err := newLayout("/r", "/"+strings.Repeat("x", 120))
	if err == nil || !strings.Contains(err.Error(), "set SWORN_STATE") {
		t.Errorf("error %v, want advice to set SWORN_STATE", err)
	}
}

func TestQuoteSurvivesTheShell(t *testing.T) {
	for _, s := range []string{"", "plain", "a b", "it's", "$HOME `x` \"y\" \\", "new\nline"} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s "+quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q became %q, %v", s, out, err)
		}
	}
}

func TestStatusOfAnEnvironmentThatNeverRan(t *testing.T) {
	l := layout{root: "/r", state: t.TempDir()}
	var out bytes.Buffer
	if err := status(l, &out, false); !errors.Is(err, errDown) {
		t.Errorf("error %v, want %v", err, errDown)
	}
	for _, name := range serviceNames() {
		if !strings.Contains(out.String(), name) {
			t.Errorf("%s is not in %q", name, out.String())
		}
	}
	if err := exports(l, &out); err == nil || !strings.Contains(err.Error(), "hack/env up") {
		t.Errorf("error %v, want advice to run hack/env up", err)
	}
}

func TestStateRoundTrip(t *testing.T) {
	l := layout{root: "/r", state: t.TempDir()}
	want := state{Version: stateVersion, Builder: "unix:///x", Services: map[string]service{
		registryService: {Process: process{PID: 7, Start: 8, Boot: "b"}, Port: 5000, Key: "k"},
	}}
	if err := want.save(l); err != nil {
		t.Fatal(err)
	}
	got, err := loadState(l)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBuildkitConfigMirrorsDockerHub(t *testing.T) {
	got := buildkitConfig(layout{root: "/r", state: "/s"}, 5000)
	for _, want := range []string{
		`[registry."docker.io"]` + "\n" + `  mirrors = ["127.0.0.1:5000"]`,
		`[registry."127.0.0.1:5000"]` + "\n  http = true",
		`address = ["unix:///s/buildkitd.sock"]`,
		`root = "/s/buildkit"`,
	} {
		if !strings.Contains(got, want) {
			t.Error(fmt.Errorf("no %q in:\n%s", want, got))
		}
	}
}
