//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of some MiB on a folder. It is unmounted with the
// test.
func smallDisk(t *testing.T, dir string, mib int) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=711", mib)); err != nil {
		t.Fatalf("mount a disk of %d MiB: %v", mib, err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// diskFull is what a program says when write(2) gives ENOSPC.
const diskFull = "no space left on device"

// A step fills the disk, or leaves no room for its record or its evidence: a clear
// error of that step. When there is room again the builder works as before.
func TestAFullDiskFailsTheBuildAndNothingElse(t *testing.T) {
	e := mustEnv(t)
	d := newDaemon(t, e, func(root string) { smallDisk(t, root, 128) })
	image := imageName(e.registry, t, "latest")
	fine := build{host: d.host, context: dockerfile("FROM busybox\nRUN echo fine > /made\n"), output: push(image)}
	old, want := buildAccount(t, e, fine)
	before := d.idle(t)
	for _, tt := range []struct {
		name, run, want, log string
		quick                bool // is part of make test
	}{
		{
			"step", "dd if=/dev/zero of=/fill bs=1M",
			exitCode("/bin/sh -c dd if=/dev/zero of=/fill bs=1M", "1"), "No space left on device", false,
		},
		{
			"record", "dd if=/dev/zero of=/fill bs=4k || true", // the command does not mind
			"exit code: 125", "sworn: record step: write record.json.part: " + diskFull, false,
		},
		{
			// Names that are 4 MB of evidence, and 2 MB are free.
			"evidence", `mkdir /d; cd /d; n=$(printf %0200d 0); seq 10000 | sed s/$/-$n/ | xargs touch; set -- $(df -k / | tail -n 1); dd if=/dev/zero of=/fill bs=1k count=$(($4-2000))`,
			"describe: the evidence tool failed (see the log of this build)", diskFull, true,
		},
	} {
		if !tt.quick && !long {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			// BuildKit needs some room to make room.
			spare := filepath.Join(d.root(), "spare")
			if err := os.WriteFile(spare, make([]byte, 4<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			r := build{host: d.host, context: dockerfile("FROM busybox\nRUN " + tt.run + "\n"), output: push(image)}.run(t, e)
			if r.err == nil {
				t.Fatalf("built on a full disk:\n%s", r.log)
			}
			oneError(t, r.log, tt.want)
			if !strings.Contains(r.log, tt.log) {
				t.Errorf("no %q in\n%s", tt.log, r.log)
			}
			stillTagged(t, image, old.digest)
			if err := os.Remove(spare); err != nil {
				t.Fatal(err)
			}
			prune(t, e, d.host, "--all")
			d.leftNothing(t, before)
			d.heldNothing(t, e)
			var again account
			old, again = buildAccount(t, e, fine)
			samePredicates(t, want, again)
		})
	}
}
