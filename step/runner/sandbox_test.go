package runner

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

const statusText = "Name:\tcat\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000014002\nCapInh:\t0000000000000000\n" +
	"CapPrm:\t00000000a80425fb\nCapEff:\t00000000800000db\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n" +
	"NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"

func TestParseStatus(t *testing.T) {
	st, err := parseStatus(statusText)
	if err != nil {
		t.Fatal(err)
	}
	want := threadStatus{
		permitted: 0xa80425fb, effective: 0x800000db, bounding: 0x1ffffffffff,
		noNewPrivs: true, seccomp: "filter", caught: 1<<1 | 1<<14 | 1<<16,
	}
	if diff := cmp.Diff(want, st, cmp.AllowUnexported(threadStatus{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseStatusNeedsEveryLine(t *testing.T) {
	for line := range strings.Lines(statusText) {
		if strings.HasPrefix(line, "Name") || strings.HasPrefix(line, "SigIgn") || strings.HasPrefix(line, "Seccomp_filters") {
			continue
		}
		if _, err := parseStatus(strings.Replace(statusText, line, "", 1)); err == nil {
			t.Errorf("without %q: no error", line)
		}
	}
	for _, bad := range []string{"Seccomp:\t3", "CapEff:\tzz", "SigCgt:\t"} {
		key, _, _ := strings.Cut(bad, ":")
		i := strings.Index(statusText, key+":")
		if _, err := parseStatus(statusText[:i] + bad + "\n" + statusText[i:]); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add(statusText)
	if b, err := os.ReadFile("/proc/self/status"); err == nil {
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if st, err := parseStatus(s); err == nil && st.seccomp == "" {
			t.Errorf("%q: accepted without a seccomp mode", s)
		}
	})
}

func TestCapabilityNames(t *testing.T) {
	// Docker's default set, as capsh --decode=a80425fb names it.
	want := []string{
		"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
		"CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID",
		"CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
	}
	if diff := cmp.Diff(want, capSet(0xa80425fb).names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"CAP_62"}, capSet(1<<62).names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := capSet(0).names(); got == nil || len(got) != 0 {
		t.Errorf("the empty set is %#v, want an empty list", got)
	}
}

func TestEscapesNeedAWayToThem(t *testing.T) {
	const ptrace = capSet(1 << 19)
	for _, tt := range []struct {
		name string
		st   threadStatus
		want int
	}{
		{"permitted", threadStatus{permitted: ptrace, noNewPrivs: true}, 1},
		{"through a set-user-ID file", threadStatus{bounding: ptrace}, 1},
		{"bounding set alone", threadStatus{bounding: ptrace, noNewPrivs: true}, 0},
		{"kept ones", threadStatus{permitted: keptCaps(step.HardenBaseline), bounding: keptCaps(step.HardenBaseline)}, 0},
	} {
		if got := tt.st.escapes(); len(got) != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
