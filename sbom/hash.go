package sbom

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// HashBuffer is the size in bytes of one read while hashing.
const HashBuffer = 256 << 10

// maxHashers bounds the files that are hashed at a time: each takes a descriptor
// and a buffer, and more than this does not make a disk faster.
const maxHashers = 8

// Hashers returns how many files to hash at a time on this machine.
func Hashers() int { return min(runtime.GOMAXPROCS(0), maxHashers) }

// severalAtOnce calls what worker returns with each number below n, [Hashers] of them at a
// time. Each of these has a worker of its own.
func severalAtOnce(n int, worker func() func(i int)) {
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(n, Hashers()) {
		work := worker()
		wait.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// Digest returns the sha256, lower-case hex, and the size in bytes of what r
// holds. It reads through buf; nil makes one of [HashBuffer].
func Digest(r io.Reader, buf []byte) (string, int64, error) {
	if len(buf) == 0 {
		buf = make([]byte, HashBuffer)
	}
	h := sha256.New()
	n, err := hashAll(r, buf, h)
	if err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}

func hashAll(r io.Reader, buf []byte, ws ...io.Writer) (int64, error) {
	var total int64
	for {
		n, err := r.Read(buf)
		for _, w := range ws {
			w.Write(buf[:n]) // what hashes and keeps has no errors
		}
		total += int64(n)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// fill adds digests and capability of the open file f to its entry. Its bytes are shown
// to watch.
func fill(e *Entry, f *File, buf []byte, watch ...io.Writer) error {
	h256, h1 := sha256.New(), sha1.New()
	n, err := hashAll(f, buf, append(watch, h256, h1)...)
	if err != nil {
		return fmt.Errorf("hash %q: %w", string(e.Path), err)
	}
	if n != e.Size {
		return fmt.Errorf("hash %q: read %d bytes, size is %d", string(e.Path), n, e.Size)
	}
	e.SHA256, e.SHA1 = hex.EncodeToString(h256.Sum(nil)), hex.EncodeToString(h1.Sum(nil))
	e.Capability, err = capability(f.fd)
	if err != nil {
		return fmt.Errorf("read capability of %q: %w", string(e.Path), err)
	}
	return nil
}

// capability reads security.capability; its largest form is 24 bytes
// (VFS_CAP_REVISION_3).
func capability(fd int) (string, error) {
	buf := make([]byte, 256)
	n, err := unix.Fgetxattr(fd, "security.capability", buf)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(buf[:n]), nil
}

// hashing fills entries while the walk goes on. The zero value is ready.
type hashing struct {
	jobs chan hashJob
	wait sync.WaitGroup
	mu   sync.Mutex
	// failed has the error of each entry that has one.
	failed map[step.Path]error
	// manifests are those among the files, in any order.
	manifests []Manifest
	// md5 are the MD5s that were asked for.
	md5 map[step.Path]string
}

// hashJob is an entry and its open file.
type hashJob struct {
	entry *Entry
	file  *File
	// is tells of a file that is a manifest; nil when that is not asked.
	is manifestReader
	// md5: its MD5 is asked for.
	md5 bool
}

// add hands an open file over; it blocks while all hashers have one. The entry must be
// left alone until finish.
func (h *hashing) add(j hashJob) {
	if h.jobs == nil {
		h.jobs = make(chan hashJob)
		for range Hashers() {
			h.wait.Add(1)
			go h.work()
		}
	}
	h.jobs <- j
}

func (h *hashing) work() {
	defer h.wait.Done()
	buf := make([]byte, HashBuffer)
	for j := range h.jobs {
		if err := errors.Join(h.one(j, buf), j.file.Close()); err != nil {
			h.mu.Lock()
			if h.failed == nil {
				h.failed = map[step.Path]error{}
			}
			h.failed[j.entry.Path] = err
			h.mu.Unlock()
		}
	}
}

func (h *hashing) one(j hashJob, buf []byte) error {
	var watch []io.Writer
	if j.is != nil {
		watch = append(watch, j.is)
	}
	sum := md5.New()
	if j.md5 {
		watch = append(watch, sum)
	}
	if err := fill(j.entry, j.file, buf, watch...); err != nil {
		return err
	}
	if j.md5 {
		h.mu.Lock()
		if h.md5 == nil {
			h.md5 = map[step.Path]string{}
		}
		h.md5[j.entry.Path] = hex.EncodeToString(sum.Sum(nil))
		h.mu.Unlock()
	}
	if j.is == nil {
		return nil
	}
	if m, ok := j.is.manifest(j.entry, j.file); ok {
		h.mu.Lock()
		h.manifests = append(h.manifests, m)
		h.mu.Unlock()
	}
	return nil
}

// finish waits until all entries are filled and returns the error of the first path
// that has one.
func (h *hashing) finish() error {
	if h.jobs == nil {
		return nil
	}
	close(h.jobs)
	h.wait.Wait()
	if len(h.failed) == 0 {
		return nil
	}
	return h.failed[slices.Min(slices.Collect(maps.Keys(h.failed)))]
}
