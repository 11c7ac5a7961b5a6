package runner

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	// firstPID is the command's process id in a container: above what the runner's
	// own threads take, which differs from run to run. Scripts put $$ into names
	// and so into images.
	firstPID = 32
	// maxThreads bounds the threads that run Go code, whatever the machine has, so
	// that firstPID is above them.
	maxThreads = 4
)

// spendPIDs uses process ids up until the next process gets firstPID. It makes
// processes, not threads, since ending a thread makes the Go runtime start others
// at times of its own. Should the ids be beyond it already, or not be known, or a
// thread take the one that was meant, then the command has another id, as every
// command of a container but the first has.
func spendPIDs() {
	if os.Getpid() != 1 {
		return
	}
	before := 0
	for last := lastPID(); last > before && last < firstPID-1; before, last = last, lastPID() {
		// Half of what is left, to look again: a thread may have started meanwhile.
		for range (firstPID - last) / 2 {
			spendPID()
		}
	}
}

// spendPID makes a process that ends at once, because there is nothing to execute. It
// shares the runner's memory until then: to copy it would take several times as long.
func spendPID() {
	_, _ = syscall.ForkExec("", nil, &syscall.ProcAttr{}) // an error is what is wanted
}

// lastPID is the process or thread id that was given last in this container
// (proc_loadavg(5)), 0 when it is not known.
func lastPID() int {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	return parseLastPID(string(b))
}

func parseLastPID(loadavg string) int {
	f := strings.Fields(loadavg)
	if len(f) < 5 {
		return 0
	}
	n, err := strconv.Atoi(f[4])
	if err != nil {
		return 0
	}
	return n
}
