package repository

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// plainFiles are the regular files of a folder and nothing outside of it. Opening a
// pipe would wait for whoever writes to it.
type plainFiles struct{ root *os.Root }

// Open implements [fs.FS].
func (p plainFiles) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := p.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errors.New("not a plain file")}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
