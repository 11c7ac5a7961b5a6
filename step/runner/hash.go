package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// hashBytes is read at once while hashing.
const hashBytes = 128 << 10

// hasher hashes one file after another.
type hasher struct {
	buf []byte
	sha hash.Hash
}

func newHasher() *hasher {
	return &hasher{buf: make([]byte, hashBytes), sha: sha256.New()}
}

// sum returns a file's digest, sha256:HEX, and its status after it was read. The size
// is how much that was, or -1 when the file says another.
func (h *hasher) sum(path string) (string, fileStat, error) {
	fd, err := openPath(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if err != nil {
		return "", fileStat{}, err
	}
	defer unix.Close(fd)
	h.sha.Reset()
	size := int64(0)
	for {
		n, err := unix.Read(fd, h.buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return "", fileStat{}, err
		}
		if n == 0 {
			break
		}
		h.sha.Write(h.buf[:n])
		size += int64(n)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", fileStat{}, err
	}
	now := statOf(st)
	if now.size != size {
		now.size = -1
	}
	return "sha256:" + hex.EncodeToString(h.sha.Sum(nil)), now, nil
}

// each calls do for 0 up to n, several at a time, each with a hasher of its own. It
// returns the first error, after which it does no more.
func each(n int, do func(h *hasher, i int) error) error {
	var (
		next atomic.Int64
		wg   sync.WaitGroup
		once sync.Once
		fail error
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			h := newHasher()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(h, i); err != nil {
					once.Do(func() { fail = err })
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
	return fail
}

// sha256Digest is "sha256:HEX" of bytes.
func sha256Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
