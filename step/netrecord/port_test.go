package netrecord

import (
	"errors"
	"net"
	"testing"
)

// Landlock lets the command connect to the recorder's port, wherever: it may not be that
// of the proxy which the recorder goes out through.
func TestTheRecordersPortIsNoOtherProxys(t *testing.T) {
	var opened []net.Listener
	on := func() (net.Listener, error) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err == nil {
			opened = append(opened, l)
		}
		return l, err
	}
	// The kernel's next ports, which are given again when they are asked for.
	first, err := on()
	if err != nil {
		t.Fatal(err)
	}
	second, err := on()
	if err != nil {
		t.Fatal(err)
	}
	order := []net.Listener{first, second}
	again := func() (net.Listener, error) {
		if len(order) == 0 {
			return on()
		}
		l := order[0]
		order = order[1:]
		return l, nil
	}
	got, err := listen([]string{"HTTP_PROXY=http://user:pass@10.89.0.5" + port(first), "https_proxy=proxy.test" + port(second)}, again)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if got == first || got == second || len(opened) != 3 {
		t.Errorf("port %s of %d, want the third", got.Addr(), len(opened))
	}
	for _, l := range []net.Listener{first, second} {
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a port that was passed over is still open: %v", err)
		}
	}
}

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return ":" + p
}
