package runner

import (
	"errors"
	"fmt"

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
}

const (
	markerName = ".start"
	partName   = ".part"
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

// write empties the folder and writes the record and the mark into it. No other
// process may be running. Times are set to the epoch, as far as this user may.
func (d *recordDir) write(record, mark []byte) error {
	if err := d.clear(); err != nil {
		return fmt.Errorf("empty record folder: %w", err)
	}
	if err := d.put(step.MarkFile, mark); err != nil {
		return err
	}
	if err := d.put(step.RecordFile, record); err != nil {
		return err
	}
	return d.restore()
}

// put writes one file whole or not at all.
func (d *recordDir) put(name string, data []byte) error {
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
	if err := unix.Renameat(d.fd, partName, d.fd, name); err != nil {
		return fmt.Errorf("rename %s to %s: %w", partName, name, err)
	}
	return nil
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
