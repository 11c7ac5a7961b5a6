package step

import (
	"encoding/json"
	"fmt"
)

// RecordVersion is the version of Record that this package reads and writes.
const RecordVersion = 2

// Record is what the runner saw of one step. It holds no times, host names or
// process ids: a deterministic step gives the same bytes each time.
type Record struct {
	Version int `json:"version"`
	// Command is the argument vector that ran, without the runner.
	Command []string `json:"command"`
	// Exit is the command's exit code, 128+N for signal N.
	Exit        int         `json:"exit"`
	Process     Process     `json:"process"`
	Sandbox     Sandbox     `json:"sandbox"`
	Network     *Network    `json:"network,omitempty"`
	Observation Observation `json:"observation"`
}

// Process says as whom the command ran.
type Process struct {
	UID    uint32   `json:"uid"`
	GID    uint32   `json:"gid"`
	Groups []uint32 `json:"groups"` // supplementary, sorted, never null
	Cwd    Path     `json:"cwd"`
}

// Profiles of [Sandbox] and [Config].
const (
	HardenOff      = "off"
	HardenBaseline = "baseline"
	HardenStrict   = "strict"
)

// Sandbox is what was in force for the command, read back from the kernel after
// it was applied, not what was asked for.
type Sandbox struct {
	Harden string `json:"harden"`
	// Kernel is the release that enforced it (uname(2)).
	Kernel          string `json:"kernel"`
	NoNewPrivileges bool   `json:"noNewPrivileges"`
	// Capabilities of the command (capabilities(7)).
	Capabilities CapabilitySets `json:"capabilities"`
	// Seccomp is the mode of the command: disabled, strict or filter (seccomp(2)).
	Seccomp string `json:"seccomp"`
	// Filter is the runner's own seccomp filter, on top of any that the builder set;
	// null without one.
	Filter *Filter `json:"filter,omitempty"`
	// Landlock is null when nothing was restricted by it.
	Landlock *Landlock `json:"landlock,omitempty"`
	// CoreLimit is RLIMIT_CORE's soft limit in bytes; null is unlimited.
	CoreLimit *uint64 `json:"coreLimit"`
	// Notes say what of the sandbox could not be applied and why, sorted.
	Notes []string `json:"notes,omitempty"`
}

// Filter identifies a seccomp filter.
type Filter struct {
	// Name says what it refuses and its version: "baseline/1", "strict+proxy/1".
	Name string `json:"name"`
	// Digest is sha256:HEX of its instructions (struct sock_filter, little-endian).
	Digest string `json:"digest"`
}

// Landlock is what Landlock restricted (landlock(7)).
type Landlock struct {
	// ABI is the version that the kernel has.
	ABI int `json:"abi"`
	// Restricts has Restrict constants, sorted.
	Restricts []string `json:"restricts"`
	// Writable are the files and folders that the command could write to, with all
	// below them; sorted, and set with [RestrictWrites] alone.
	Writable []Path `json:"writable,omitempty"`
}

// What a [Landlock] restricts.
const (
	// RestrictSockets: abstract Unix sockets of processes that the step did not start.
	RestrictSockets = "abstract-unix-sockets"
	// RestrictSignals: signals to such processes, the runner among them.
	RestrictSignals = "signals"
	// RestrictTCP: connections to any port but the recorder's, and servers.
	RestrictTCP = "tcp"
	// RestrictWrites: files outside of Writable.
	RestrictWrites = "writes"
)

// CapabilitySets are sorted names like CAP_CHOWN, never null.
type CapabilitySets struct {
	Bounding    []string `json:"bounding"`
	Effective   []string `json:"effective"`
	Permitted   []string `json:"permitted"`
	Inheritable []string `json:"inheritable"`
	Ambient     []string `json:"ambient"`
}

// Observation modes.
const (
	ObserveOff     = "off"
	ObserveInotify = "inotify"
)

// Observation is what was seen of the files that existed before the step and
// were opened in it.
type Observation struct {
	Mode string `json:"mode"`
	// Complete is true when nothing that the step opened can have been missed.
	// With Mode off it is false.
	Complete bool `json:"complete"`
	// Reasons say why it is not complete, sorted.
	Reasons []string `json:"reasons,omitempty"`
	// Inputs are sorted by path, never null.
	Inputs []Input `json:"inputs"`
}

// Input is a regular file that was opened during the step.
type Input struct {
	Path Path `json:"path"`
	// Digest is sha256:HEX of the file after the step. Empty when Changed, or when
	// it could not be read (Reason).
	Digest string `json:"digest,omitempty"`
	Size   int64  `json:"size"`
	// Changed: the file was written, created, replaced or removed while the step
	// ran, so its bytes after the step are not what was read.
	Changed bool `json:"changed,omitempty"`
	// Mount is the target of the mount that the file lies in; empty for the root.
	Mount string `json:"mount,omitempty"`
	// Shared: others may have opened it, not this step (see [ConfigMount]).
	Shared bool   `json:"shared,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// EncodeRecord returns the record's JSON, one line with a newline.
func EncodeRecord(r Record) ([]byte, error) {
	r.Version = RecordVersion
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return append(b, '\n'), nil
}

// DecodeRecord reads a record strictly: unknown fields, another version or
// trailing bytes are errors.
func DecodeRecord(b []byte) (Record, error) {
	var r Record
	if err := decodeStrict(string(b), &r); err != nil {
		return Record{}, fmt.Errorf("decode record: %w", err)
	}
	if r.Version != RecordVersion {
		return Record{}, fmt.Errorf("decode record: version %d, want %d", r.Version, RecordVersion)
	}
	if err := r.Network.Check(); err != nil {
		return Record{}, fmt.Errorf("decode record: %w", err)
	}
	return r, nil
}
