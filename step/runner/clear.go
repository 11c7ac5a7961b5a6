package runner

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// clear removes everything. Folders are taken apart from the top: their subfolders
// move up into the record folder first, so neither depth nor path length matters.
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
		if len(entries) == 0 {
			return nil
		}
		for _, e := range entries {
			if err := d.remove(e.name, &moved); err != nil {
				return fmt.Errorf("remove %q: %w", e.name, err)
			}
		}
	}
}

// remove deletes one entry of the folder.
func (d *recordDir) remove(name string, moved *int) error {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.Unlinkat(d.fd, name, 0)
	}
	if err := d.flatten(name, st, moved); err != nil {
		return err
	}
	return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR)
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
