package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	// endPatience is how long a program may take to end once its input has.
	endPatience = 2 * time.Second
	// maxSaid bounds what is kept of a program's messages, in bytes.
	maxSaid = 16 << 10
)

// stdio is the connection that a program makes of its input and output. Closing it ends
// the program by the end of its input: buildx does not heed SIGTERM while it relays.
type stdio struct {
	name string
	in   *os.File // its input, to write
	out  *os.File // its output, to read
	cmd  *exec.Cmd
	said said

	ended chan struct{} // the program has ended, with err
	err   error
	once  sync.Once
}

// dialStdio starts a program.
func dialStdio(argv []string) (net.Conn, error) {
	input, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, output, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, input.Close(), in.Close())
	}
	c := &stdio{name: argv[0], in: in, out: out, cmd: exec.Command(argv[0], argv[1:]...), ended: make(chan struct{})}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = input, output, &c.said
	ownSession(c.cmd)
	c.cmd.WaitDelay = endPatience
	err = c.cmd.Start()
	err = errors.Join(err, input.Close(), output.Close())
	if err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// Read implements net.Conn. At the end of the output it says why the program ended.
func (c *stdio) Read(p []byte) (int, error) {
	n, err := c.out.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	select {
	case <-c.ended:
	case <-time.After(endPatience):
		return n, err
	}
	if c.err != nil {
		err = fmt.Errorf("%s: %w: %s", c.name, c.err, oneLine(c.said.String()))
	}
	return n, err
}

// Write implements net.Conn.
func (c *stdio) Write(p []byte) (int, error) { return c.in.Write(p) }

// Close implements net.Conn.
func (c *stdio) Close() error {
	c.once.Do(func() {
		_ = c.in.Close()
		select {
		case <-c.ended:
		case <-time.After(endPatience):
			killSession(c.cmd)
			<-c.ended
		}
		_ = c.out.Close()
	})
	return nil
}

// LocalAddr implements net.Conn.
func (c *stdio) LocalAddr() net.Addr { return programAddr(c.name) }

// RemoteAddr implements net.Conn.
func (c *stdio) RemoteAddr() net.Addr { return programAddr(c.name) }

// SetDeadline implements net.Conn; gRPC has timeouts of its own.
func (c *stdio) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (c *stdio) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (c *stdio) SetWriteDeadline(time.Time) error { return nil }

// programAddr is the address of a program.
type programAddr string

// Network implements net.Addr.
func (programAddr) Network() string { return "stdio" }

// String implements net.Addr.
func (a programAddr) String() string { return string(a) }

// said keeps the last of what a program says.
type said struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Write(p)
	if over := s.buf.Len() - maxSaid; over > 0 {
		s.buf.Next(over)
	}
	return len(p), nil
}

// String is what was said.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
