package runner

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

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
