package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// errDown says that a service does not run.
var errDown = errors.New("not everything runs; hack/env up starts it")

// serviceStatus is one line of status, and one object of its JSON.
type serviceStatus struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	PID     int    `json:"pid,omitempty"`
	Address string `json:"address,omitempty"`
	Log     string `json:"log"`
}

func status(l layout, w io.Writer, asJSON bool) error {
	s, err := loadState(l)
	if err != nil {
		return err
	}
	list := make([]serviceStatus, 0, len(serviceNames()))
	var verdict error
	for _, name := range serviceNames() {
		one := serviceStatus{Name: name, Log: l.log(name), Running: s.Services[name].Process.alive()}
		if one.Running {
			one.PID = s.Services[name].Process.PID
			one.Address = address(l, s, name)
		} else {
			verdict = errDown
		}
		list = append(list, one)
	}
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return errors.Join(e.Encode(map[string]any{"state": l.state, "services": list}), verdict)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, one := range list {
		if one.Running {
			fmt.Fprintf(t, "%s\trunning\tpid %d\t%s\n", one.Name, one.PID, one.Address)
		} else {
			fmt.Fprintf(t, "%s\tstopped\n", one.Name)
		}
	}
	return errors.Join(t.Flush(), verdict)
}

func address(l layout, s state, name string) string {
	if port := s.Services[name].Port; port != 0 {
		return fmt.Sprintf("127.0.0.1:%d", port)
	}
	return "unix://" + l.socket()
}

// exports prints what clients need, as lines for a POSIX shell.
func exports(l layout, w io.Writer) error {
	s, err := loadState(l)
	if err != nil {
		return err
	}
	for _, name := range serviceNames() {
		if !s.Services[name].Process.alive() {
			return fmt.Errorf("env: %s does not run; hack/env up starts it", name)
		}
	}
	for _, kv := range [][2]string{
		{"SWORN_STATE", l.state},
		{"SWORN_BIN", l.bin("")},
		{"SWORN_REGISTRY", address(l, s, registryService)},
		{"SWORN_REGISTRY_REFERRERS", address(l, s, referrersService)},
		{"BUILDKIT_HOST", address(l, s, buildkitService)},
		{"DOCKER_CONFIG", l.docker()},
		{"BUILDX_CONFIG", l.buildx()},
		{"BUILDX_BUILDER", builderName},
	} {
		if _, err := fmt.Fprintf(w, "export %s=%s\n", kv[0], quote(kv[1])); err != nil {
			return err
		}
	}
	return nil
}

// quote makes a word of a POSIX shell out of any text.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
