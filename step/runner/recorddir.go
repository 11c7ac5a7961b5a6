package runner

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// recordDir is the folder for the record, held open from before the command
// starts: whatever the command does to the path that leads there, the record goes
// where the builder looks for it.
type recordDir struct {
	fd int
	// stat is the folder as the builder made it.
	stat unix.Stat_t
	// empty says that the builder put the folder [step.EmptyDir] into it.
	empty     bool
	emptyStat unix.Stat_t
}

const (
	markerName = ".start"
	partName   = step.RecordFile + ".part"
	recordMode = 0o644
)

// openRecordDir opens the folder. Nothing may be running yet.
func openRecordDir(path string) (*recordDir, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open record folder %s: %w", path, err)
	}
	d := &recordDir{fd: fd}
	if err := unix.Fstat(fd, &d.stat); err != nil {
		return nil, errors.Join(fmt.Errorf("open record folder %s: %w", path, err), d.close())
	}
	if unix.Fstatat(fd, step.EmptyDir, &d.emptyStat, unix.AT_SYMLINK_NOFOLLOW) == nil {
		d.empty = d.emptyStat.Mode&unix.S_IFMT == unix.S_IFDIR
	}
	return d, nil
}

func (d *recordDir) close() error { return unix.Close(d.fd) }

// now returns the time of the clock that stamps ctime: a file whose ctime is not
// earlier may have been changed since.
func (d *recordDir) now() (unix.Timespec, error) {
	fd, err := unix.Openat(d.fd, markerName, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return unix.Timespec{}, fmt.Errorf("read clock of record folder: %w", err)
	}
	var st unix.Stat_t
	err = errors.Join(unix.Fstat(fd, &st), unix.Close(fd), unix.Unlinkat(d.fd, markerName, 0))
	if err != nil {
		return unix.Timespec{}, fmt.Errorf("read clock of record folder: %w", err)
	}
	return st.Ctim, nil
}

// write empties the folder and writes the record into it. No other process may be
// running. Times are set to the epoch, as far as this user may, so that the same
// record makes the same layer.
func (d *recordDir) write(data []byte) error {
	if err := d.clear(); err != nil {
		return fmt.Errorf("empty record folder: %w", err)
	}
	fd, err := unix.Openat(d.fd, partName, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("create %s: %w", partName, err)
	}
	for len(data) > 0 && err == nil {
		var n int
		n, err = unix.Write(fd, data)
		if errors.Is(err, unix.EINTR) {
			err = nil
		}
		data = data[max(n, 0):]
	}
	err = errors.Join(err, unix.Fchmod(fd, recordMode), unix.Close(fd))
	if err != nil {
		return fmt.Errorf("write %s: %w", partName, err)
	}
	if err := d.epoch(partName); err != nil {
		return fmt.Errorf("set times of %s: %w", partName, err)
	}
	if err := unix.Renameat(d.fd, partName, d.fd, step.RecordFile); err != nil {
		return fmt.Errorf("rename %s: %w", partName, err)
	}
	return d.restore()
}

// restore undoes what the command did to the folder itself. A command of another
// user than the folder's can have done nothing to it, and the runner, with the
// same user, can then only leave it as it is.
func (d *recordDir) restore() error {
	var now unix.Stat_t
	if err := unix.Fstat(d.fd, &now); err != nil {
		return fmt.Errorf("restore record folder: %w", err)
	}
	if now.Uid != d.stat.Uid || now.Gid != d.stat.Gid {
		if err := unix.Fchown(d.fd, int(d.stat.Uid), int(d.stat.Gid)); err != nil {
			return fmt.Errorf("restore owner of record folder: %w", err)
		}
	}
	if now.Mode != d.stat.Mode {
		if err := unix.Fchmod(d.fd, d.stat.Mode&0o7777); err != nil {
			return fmt.Errorf("restore mode of record folder: %w", err)
		}
	}
	if err := d.epoch("."); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("set times of record folder: %w", err)
	}
	return nil
}

func (d *recordDir) epoch(name string) error {
	return unix.UtimesNanoAt(d.fd, name, make([]unix.Timespec, 2), unix.AT_SYMLINK_NOFOLLOW)
}

// clear removes everything but the builder's empty folder. Folders are taken
// apart from the top: their subfolders move up into the record folder first, so
// neither depth nor path length matters.
func (d *recordDir) clear() error {
	if err := unix.Fchmod(d.fd, d.stat.Mode&0o7777|0o700); err != nil && !errors.Is(err, unix.EPERM) {
		return err
	}
	moved := 0
	for {
		entries, err := listDir(d.fd)
		if err != nil {
			return err
		}
		left, before := 0, moved
		for _, e := range entries {
			keep, err := d.remove(e.name, &moved)
			if err != nil {
				return fmt.Errorf("remove %q: %w", e.name, err)
			}
			if !keep {
				left++
			}
		}
		if left == 0 && moved == before {
			return d.restoreEmpty()
		}
	}
}

// remove deletes one entry of the folder. keep is true for the builder's empty
// folder when it is still that.
func (d *recordDir) remove(name string, moved *int) (keep bool, err error) {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return false, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return false, unix.Unlinkat(d.fd, name, 0)
	}
	if err := d.flatten(name, st, moved); err != nil {
		return false, err
	}
	if d.empty && name == step.EmptyDir && st.Ino == d.emptyStat.Ino && st.Dev == d.emptyStat.Dev {
		return true, nil
	}
	return false, unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR)
}

// flatten empties the subfolder: files are deleted, folders move up.
func (d *recordDir) flatten(name string, st unix.Stat_t, moved *int) error {
	fd, err := d.openSub(name, st)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for {
		entries, err := listDir(fd)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			err := unix.Unlinkat(fd, e.name, 0)
			if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
				err = d.moveUp(fd, e.name, moved)
			}
			if err != nil {
				return err
			}
		}
	}
}

// openSub opens a subfolder for reading and deleting, giving the owner the
// permission when the command took it.
func (d *recordDir) openSub(name string, st unix.Stat_t) (int, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	if st.Mode&0o700 != 0o700 {
		// Nothing else runs and the name is a folder, so this follows no link.
		if err := unix.Fchmodat(d.fd, name, st.Mode&0o7777|0o700, 0); err != nil && !errors.Is(err, unix.EPERM) {
			return -1, err
		}
	}
	return unix.Openat(d.fd, name, flags, 0)
}

func (d *recordDir) moveUp(fd int, name string, moved *int) error {
	var st unix.Stat_t
	if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.EPERM
	}
	if st.Mode&0o700 != 0o700 {
		if err := unix.Fchmodat(fd, name, st.Mode&0o7777|0o700, 0); err != nil {
			return err
		}
	}
	for {
		*moved++
		up := ".moved-" + strconv.Itoa(*moved)
		err := unix.Renameat2(fd, name, d.fd, up, unix.RENAME_NOREPLACE)
		if !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
}

// restoreEmpty puts the builder's empty folder back as it was.
func (d *recordDir) restoreEmpty() error {
	if !d.empty {
		return nil
	}
	err := unix.Mkdirat(d.fd, step.EmptyDir, 0o755)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd, step.EmptyDir, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Uid != d.emptyStat.Uid || st.Gid != d.emptyStat.Gid {
		err := unix.Fchownat(d.fd, step.EmptyDir, int(d.emptyStat.Uid), int(d.emptyStat.Gid), unix.AT_SYMLINK_NOFOLLOW)
		if err != nil {
			return err
		}
	}
	if st.Ctim == d.emptyStat.Ctim {
		return nil // untouched
	}
	if err := unix.Fchmodat(d.fd, step.EmptyDir, d.emptyStat.Mode&0o7777, 0); err != nil {
		return err
	}
	return unix.UtimesNanoAt(d.fd, step.EmptyDir,
		[]unix.Timespec{d.emptyStat.Mtim, d.emptyStat.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}
