package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// sampleEvery is how often the memory of containers is read. The kernel keeps each
// process's highest value (VmHWM, proc_pid_status(5)), so only what is allocated in
// the last moments before an end can be missed.
const sampleEvery = 4 * time.Millisecond

// watch reads the memory of the processes in containers until stop is called, which
// returns the highest of each program in bytes. Programs have the names of the
// kernel: 15 bytes of the file's name.
func (g cgroup) watch() (stop func() map[string]int64) {
	done, result := make(chan struct{}), make(chan map[string]int64)
	go func() {
		peaks := map[string]int64{}
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				result <- peaks
				return
			case <-tick.C:
			}
			for _, pid := range g.containers() {
				b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
				if err != nil {
					continue // it has ended
				}
				if name, peak, ok := highest(string(b)); ok {
					peaks[name] = max(peaks[name], peak)
				}
			}
		}
	}()
	return func() map[string]int64 {
		close(done)
		return <-result
	}
}

// highest reads the name and VmHWM of a process' status.
func highest(status string) (name string, peak int64, ok bool) {
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Name":
			name = value
		case "VmHWM":
			kb, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
			return name, kb << 10, err == nil && name != ""
		}
	}
	return "", 0, false
}
