package runner

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

// A container's table as BuildKit makes it, shortened.
const mountinfoText = `73 49 0:39 / / rw,relatime - overlay overlay rw
74 73 0:42 / /proc rw,nosuid - proc proc rw
75 73 0:43 / /dev rw,nosuid - tmpfs tmpfs rw
80 73 254:0 /executor/resolv.conf /etc/resolv.conf ro - ext4 /dev/vda rw
81 73 254:0 /cache/1 /root/.cache rw - ext4 /dev/vda rw
82 81 0:50 / /root/.cache/tmp rw - tmpfs tmpfs rw
83 73 0:51 / /run/secrets/token ro - tmpfs tmpfs rw
84 73 254:0 /ctx /src\040dir\134 ro - ext4 /dev/vda rw
85 82 254:0 /in /root/.cache/tmp/in ro - ext4 /dev/vda rw
86 73 254:0 /foreign /opt/foreign ro - ext4 /dev/vda rw
`

func mountsFixture(t *testing.T) *mountTable {
	t.Helper()
	mt, err := newMountTable(mountinfoText, []step.ConfigMount{
		{Target: "/root/.cache", Shared: true},
		{Target: "/root/.cache/tmp", Ignore: true},
		{Target: "/root/.cache/tmp/in", Shared: true},
		{Target: "/run/secrets/token", Ignore: true},
		{Target: `/src dir\`, Shared: true},
		{Target: "/dev/given"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return mt
}

func TestMountOfAPath(t *testing.T) {
	mt := mountsFixture(t)
	for _, tt := range []struct {
		path, target string
		shared, ok   bool
	}{
		{"/", "", false, true},
		{"/etc/passwd", "", false, true},
		{"/etc/resolv.conf", "", false, false},
		{"/root/.cache/go/x", "/root/.cache", true, true},
		{"/root/.cachet/x", "", false, true},
		{"/root/.cache/tmp/x", "/root/.cache/tmp", false, false},
		{"/root/.cache/tmp/in/x", "/root/.cache/tmp/in", true, true},
		{"/run/secrets/token", "/run/secrets/token", false, false},
		{"/run/secrets/other", "", false, true},
		{`/src dir\/main.go`, `/src dir\`, true, true},
		{"/opt/foreign/x", "", false, false},
		{"/proc/1/status", "", false, false},
		{"/dev/null", "", false, false},
		{"/dev/given/x", "/dev/given", false, false},
		{"/device/x", "", false, true},
	} {
		m, ok := mt.at(tt.path)
		if ok != tt.ok || ok && (m.Target != tt.target || m.Shared != tt.shared) {
			t.Errorf("%s: %+v, %v; want %q, shared %v, %v", tt.path, m, ok, tt.target, tt.shared, tt.ok)
		}
	}
}

func TestMountTargetBehindALink(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(dir+"/run/secrets", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", dir+"/var"); err != nil {
		t.Fatal(err)
	}
	mt, err := newMountTable("", []step.ConfigMount{{Target: dir + "/var/secrets", Ignore: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := mt.at(dir + "/run/secrets/token"); ok {
		t.Error("a secret is reachable by its real path")
	}
}

func TestMountTableRefuses(t *testing.T) {
	for _, s := range []string{"1 2 3\n", "73 49 0:39 / relative rw\n", "\n"} {
		if _, err := newMountTable(s, nil); err == nil {
			t.Errorf("%q: no error", s)
		}
	}
}

func FuzzMountPoints(f *testing.F) {
	f.Add(mountinfoText)
	if s, err := readMountinfo(); err == nil {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		points, err := mountPoints(s)
		if err == nil && len(points) != strings.Count(strings.TrimSuffix(s, "\n"), "\n")+min(len(s), 1) {
			t.Errorf("%q: %d mount points", s, len(points))
		}
		for _, p := range points {
			if !strings.HasPrefix(p, "/") {
				t.Errorf("%q: mount point %q", s, p)
			}
		}
	})
}

func TestUnescapeMount(t *testing.T) {
	for in, want := range map[string]string{`/a\040b`: "/a b", `/a\134`: `/a\`, `/a\9`: `/a\9`, `/a\01`: `/a\01`, `/a`: "/a"} {
		if diff := cmp.Diff(want, unescapeMount(in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}
