package runner

import (
	"strings"

	"golang.org/x/sys/unix"
)

// layers are the layers of an image as a step has them for its root: below an upper
// folder, in an overlay file system. What lies in them cannot change. Before the kernel
// changes a file, and be it that it is linked, it copies the file to the upper folder,
// and first all folders on the way that are not there yet; the copy changes the ctime of
// the folder that it comes into. So a folder that was of the layers when the step began,
// and whose ctime is from before, leads to nothing that the step changed, mounts
// excepted. (With the option index=on, which BuildKit turns off, names of one inode stay
// so: one that the step did not use can then lie in such a folder.)
//
// The zero value is no layers.
type layers struct {
	dev uint64
	// born is when the upper folder was made. Folders in it, such as the builder's own
	// for mount points, have no earlier ctime.
	born unix.Timespec
}

// findLayers looks at what is mounted at root. It finds no layers unless that is a
// whole overlay whose upper folder says when it was made.
func findLayers(mountinfo, root string) layers {
	if !overlayAt(mountinfo, root) {
		return layers{}
	}
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, root, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &st)
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return layers{}
	}
	return layers{
		dev:  unix.Mkdev(st.Dev_major, st.Dev_minor),
		born: unix.Timespec{Sec: st.Btime.Sec, Nsec: int64(st.Btime.Nsec)},
	}
}

// overlayAt reports whether the mount table has one mount at the path, of an overlay's
// root (proc_pid_mountinfo(5): field 4, and the first after the hyphen).
func overlayAt(mountinfo, path string) bool {
	found := false
	for line := range strings.Lines(mountinfo) {
		own, fs, _ := strings.Cut(line, " - ")
		f := strings.Fields(own)
		if len(f) < 5 || unescapeMount(f[4]) != path {
			continue
		}
		if found || f[3] != "/" || !strings.HasPrefix(fs, "overlay ") {
			return false
		}
		found = true
	}
	return found
}

// have reports whether the folder with this status is of the layers alone. It is
// asked before the step.
func (l layers) have(st unix.Stat_t) bool {
	return st.Dev == l.dev && before(st.Ctim, l.born)
}

// untouched reports whether the step can have changed nothing in the folder, nor in
// any below it that no mount lies in between. It is asked after the step.
func (d *dir) untouched(start unix.Timespec) bool {
	if d.fate == unknown {
		d.fate = touched
		above := d.parent != nil && !d.mount && d.parent.dev == d.dev && d.parent.untouched(start)
		if above || d.lower && d.unchanged(start) {
			d.fate = untouched
		}
	}
	return d.fate == untouched
}

// unchanged reports whether the folder is there with a ctime from before start.
func (d *dir) unchanged(start unix.Timespec) bool {
	var st unix.Stat_t
	err := unix.Lstat(d.path(), &st)
	return err == nil && st.Dev == d.dev && st.Ino == d.ino && before(st.Ctim, start)
}

// fate of a folder in a step.
type fate int8

const (
	unknown fate = iota
	touched
	untouched
)
