//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// netns is a network namespace with one link to the test's own, as a builder's machine
// has: what a daemon does to its network ends with the test, and nothing of the test's
// loopback is within its reach.
type netns struct {
	pid int // of a process in it
	// here is the test's address on the link, there the machine's.
	here, there string
}

// newNetns makes a machine, or skips the test and says why.
func newNetns(t *testing.T) netns {
	t.Helper()
	for _, program := range []string{"ip", "unshare", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	holder := exec.Command("unshare", "--net", "sleep", "infinity")
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait() // killed
	})
	m := netns{pid: holder.Process.Pid}
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", m.pid)); err == nil && ns != own {
			break
		}
		if time.Now().After(end) {
			t.Fatal("unshare made no network namespace")
		}
	}
	// Of the addresses for tests of networks (RFC 2544), one link of four for each process.
	block := m.pid % (1 << 15)
	address := func(n int) string { return fmt.Sprintf("198.%d.%d.%d", 18+block>>14, block>>6&0xff, block&0x3f<<2+n) }
	m.here, m.there = address(1), address(2)
	link := "sworn" + strconv.Itoa(m.pid)
	if out, err := run(t, "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(m.pid)); err != nil {
		t.Skipf("no link to a network namespace can be made here: %v: %s", err, out)
	}
	mustRun(t, "ip", "address", "add", m.here+"/30", "dev", link)
	mustRun(t, "ip", "link", "set", link, "up")
	m.run(t, "ip", "address", "add", m.there+"/30", "dev", "eth0")
	m.run(t, "ip", "link", "set", "eth0", "up")
	m.run(t, "ip", "link", "set", "lo", "up")
	m.run(t, "ip", "route", "add", "default", "via", m.here)
	return m
}

// enter is what a command begins with that runs in the machine.
func (m netns) enter() []string {
	return []string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", m.pid)}
}

func (m netns) run(t *testing.T, argv ...string) string {
	t.Helper()
	argv = append(m.enter(), argv...)
	return mustRun(t, argv[0], argv[1:]...)
}

// forward makes a service of the test's machine, at HOST:PORT, one that the machine
// reaches, and returns its address.
func (m netns) forward(t *testing.T, to string) string {
	t.Helper()
	l := m.listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go func() {
				defer c.Close()
				s, err := net.Dial("tcp", to)
				if err != nil {
					return // c is closed
				}
				defer s.Close()
				go func() { _, _ = io.Copy(s, c); _ = s.(*net.TCPConn).CloseWrite() }()
				_, _ = io.Copy(c, s)
			}()
		}
	}()
	return l.Addr().String()
}

// inside calls do on a thread that is in the machine's network namespace.
func (m netns) inside(t *testing.T, do func() error) {
	t.Helper()
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", m.pid))
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		done <- do()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// listen listens where the machine reaches it, until the test ends.
func (m netns) listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", m.here+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
