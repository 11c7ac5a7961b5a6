package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockPause is how often a lock is tried that another process holds.
const lockPause = 50 * time.Millisecond

// openLock opens a lock file. The kernel gives up its locks when the last process that
// holds it ends, however that came.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}

// try takes a lock (LOCK_SH, LOCK_EX) or reports that another process has it.
func try(f *os.File, how int) (bool, error) {
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	}
	return false, fmt.Errorf("lock %s: %w", f.Name(), err)
}

// take waits for a lock.
func take(ctx context.Context, f *os.File, how int) error {
	for {
		ok, err := try(f, how)
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", f.Name(), context.Cause(ctx))
		case <-time.After(lockPause):
		}
	}
}

// free reports whether nobody holds a lock.
func free(path string) (bool, error) {
	f, err := openLock(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return try(f, syscall.LOCK_SH)
}
