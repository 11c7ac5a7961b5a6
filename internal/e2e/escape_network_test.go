//go:build e2e

package e2e

import (
	"encoding/pem"
	"fmt"
	"io"
	stdlog "log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sworn-build/sworn/step"
)

// machine has servers that a step must not reach, and counts who did.
type machine struct {
	tcp, udp, abstract, path string
	connections, datagrams   atomic.Int32
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{abstract: fmt.Sprintf("sworn-e2e-%d", time.Now().UnixNano()), path: t.TempDir() + "/s"}
	var err error
	listen := func(network, address string) net.Listener {
		l, lerr := net.Listen(network, address)
		if lerr != nil {
			t.Fatal(lerr)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				m.connections.Add(1)
				c.Close()
			}
		}()
		return l
	}
	m.tcp = listen("tcp4", "127.0.0.1:0").Addr().String()
	listen("unix", "@"+m.abstract)
	listen("unix", m.path)
	dns, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	go func() {
		b := make([]byte, 512)
		for {
			if _, _, err := dns.ReadFrom(b); err != nil {
				return
			}
			m.datagrams.Add(1)
		}
	}()
	m.udp = dns.LocalAddr().String()
	return m
}

// args are those of the program.
func (m *machine) args() []string { return []string{"network", m.tcp, m.udp, m.abstract, m.path} }

// Steps share the network of the machine here, so there is much to reach.
func TestNothingOfTheMachineIsReachedPastTheRecorder(t *testing.T) {
	e := mustEnv(t)
	m, control := newMachine(t), newMachine(t)
	var trials []trial
	for name, directive := range map[string]string{"record": "network=record", "strict": `harden=strict root=yes network=record reason="root is what is tried"`} {
		for user, id := range map[string]string{"root": "0:0", "user": "1000:1000"} {
			trials = append(trials, trial{name + "-" + user, directive, id, m.args()})
		}
	}
	open := trial{"open-root", `harden=off reason="the control"`, "0:0", control.args()}
	r, a := buildAccount(t, e, build{
		context: trialContext(forgerProgram(t), append(trials, open)), output: push(imageName(e.registry, t, "latest")), args: []string{"--no-cache"},
	})
	want := map[string]string{
		"TCP connection": denied, "TCP fast open": notPermitted, "TCP server": denied, "MPTCP connection": notPermitted, "SCTP socket": notPermitted,
		"DNS by UDP": notPermitted, "DNS by UDP over IPv6": notPermitted, "netlink of sockets": noProtocol,
		"abstract Unix socket": notPermitted, "Unix socket of the machine": noFile,
	}
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			if got := trialAnswers(t, r.log, tr); !maps.Equal(want, got) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			s := a.step(t, fmt.Sprintf("%q]", tr.name))
			if n := s.Network; n == nil || n.Mode != step.NetworkRecord || !n.Enforced || !n.Complete || len(n.Reasons)+len(n.Requests) > 0 {
				t.Errorf("network %+v", n)
			}
			if l := s.Sandbox.Landlock; l == nil || !slices.Contains(l.Restricts, step.RestrictTCP) || !strings.Contains(s.Sandbox.Filter.Name, "+proxy/") {
				t.Errorf("sandbox %+v", s.Sandbox)
			}
		})
	}
	if c, d := m.connections.Load(), m.datagrams.Load(); c+d > 0 {
		t.Errorf("%d connections and %d datagrams came through", c, d)
	}
	got := trialAnswers(t, r.log, open)
	for _, name := range []string{"TCP connection", "TCP fast open", "TCP server", "DNS by UDP", "netlink of sockets", "abstract Unix socket"} {
		if why, ok := got[name]; !ok || why != "" {
			t.Errorf("%s is refused without the recorder too (%q)", name, why)
		}
	}
	if control.connections.Load() < 3 || control.datagrams.Load() == 0 {
		t.Errorf("without the recorder %d connections and %d datagrams came through", control.connections.Load(), control.datagrams.Load())
	}
}

// tlsSite serves /file with a certificate of its own and counts requests.
func tlsSite(t *testing.T) (site string, cert []byte, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, "downloaded\n")
	}))
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), asked
}

// A step that makes its container trust an authority of its own does not make the
// recorder trust it. The image before the step does.
func TestAStepCannotFakeTheRecordersAuthority(t *testing.T) {
	e := mustEnv(t)
	site, cert, asked := tlsSite(t)
	args := []string{"authority", "/server.pem", site + "/file"}
	faking, trusting := trial{"faking", "network=record", "0:0", args}, trial{"trusting", "network=record", "0:0", args}
	context := trialContext(forgerProgram(t), []trial{faking, trusting})
	context["server.pem"] = string(cert)
	context["Dockerfile"] = strings.Replace(context["Dockerfile"], "FROM base AS trusting\n", "FROM base AS trusting\nENV SSL_CERT_FILE=/server.pem\n", 1)
	r, a := buildAccount(t, e, build{context: context, output: push(imageName(e.registry, t, "latest")), args: []string{"--no-cache"}})
	const misdirected = "421 Misdirected Request"
	if got, want := trialAnswers(t, r.log, faking), map[string]string{"faked authority": "502 Bad Gateway", "another host's name": misdirected}; !maps.Equal(want, got) {
		t.Errorf("faking: got %q, want %q", got, want)
	}
	if got, want := trialAnswers(t, r.log, trusting), map[string]string{"faked authority": "", "another host's name": misdirected}; !maps.Equal(want, got) {
		t.Errorf("control: got %q, want %q", got, want)
	}
	if asked.Load() != 1 {
		t.Errorf("the server was asked %d times, want once", asked.Load())
	}
	n := a.step(t, `"faking"]`).Network
	if n == nil || !n.Enforced || !n.Complete || len(n.Requests) != 2 {
		t.Fatalf("network %+v", n)
	}
	for _, q := range n.Requests {
		switch {
		case q.URL == site+"/file" && q.Status == 0 && !q.Refused && strings.Contains(q.Reason, "certificate signed by unknown authority"):
		case q.URL == site+"/file" && q.Refused && strings.Contains(q.Reason, `the request is for host "elsewhere.test"`):
		default:
			t.Errorf("request %+v", q)
		}
	}
}

// A step that floods the recorder ends, in bounded memory of the runner, and its record
// says that requests are missing and how many.
func TestAFloodOfTheRecorderIsBoundedAndSaid(t *testing.T) {
	e := mustEnv(t)
	flood := trial{"flood", `network=record allow="allowed.test"`, "0:0", []string{"flood"}}
	r, a := buildAccount(t, e, build{
		context: trialContext(forgerProgram(t), []trial{flood}), output: push(imageName(e.registry, t, "latest")), args: []string{"--no-cache"},
	})
	out := stepOutput(r.log, `"flood"]`)
	if strings.Contains(out, "escaped") || strings.Contains(out, "request: ") {
		t.Errorf("%s", out)
	}
	const bound = 256 << 10 // kB
	found := regexp.MustCompile(`runner's memory: (\d+) kB`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no figure of memory:\n%s", out)
	}
	kb, err := strconv.Atoi(found[1])
	if err != nil || kb > bound {
		t.Errorf("the runner had %s kB of memory, want at most %d", found[1], bound)
	}
	t.Logf("the runner had %d kB of memory at most", kb)
	n := a.step(t, `"flood"]`).Network
	if n == nil || !n.Enforced || n.Complete || len(n.Reasons) != 1 ||
		!regexp.MustCompile(`^\d+ requests more than a record holds \(100000 different ones, 32 MiB\)$`).MatchString(n.Reasons[0]) {
		t.Fatalf("network: enforced %v, complete %v, reasons %q", n.Enforced, n.Complete, n.Reasons)
	}
	lost, _ := strconv.Atoi(strings.Fields(n.Reasons[0])[0])
	if got := len(n.Requests) + lost; got != 3000 {
		t.Errorf("%d requests recorded and lost, want 3000", got)
	}
	for _, q := range n.Requests {
		if !q.Refused || !strings.HasPrefix(q.URL, "http://h.test/") || q.Count != 1 {
			t.Fatalf("request %.200v", q)
		}
	}
}
