package step

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The runner's place in a build container. /dev is a tmpfs there, so nothing of
// it is left in the image.
const (
	// Dir holds everything of ours in the container.
	Dir = "/dev/.sworn"
	// RunnerDir is a read-only mount that holds the runner. It is a folder, not the
	// file, because BuildKit 0.33 leaves an empty folder behind on the builder for
	// each mount of a single file.
	RunnerDir = Dir + "/bin"
	// RunnerName is the runner's file name and, found through PATH, argv[0] of
	// the container's process: BuildKit prints the arguments of a process that
	// failed, and so it prints `RUN` and the user's command.
	RunnerName = "RUN"
	// RunnerPath is the runner's full path.
	RunnerPath = RunnerDir + "/" + RunnerName
	// RecordDir is the mount that the record is written to.
	RecordDir = Dir + "/record"
	// RecordFile is the record's name in RecordDir.
	RecordFile = "record.json"
	// MarkFile is the Mark's name in RecordDir.
	MarkFile = "mark.json"
	// RootsDir is a read-only mount with the authorities that an operator has the
	// recorder trust (see [ConfigNetwork]).
	RootsDir = Dir + "/roots"
	// RootsName is the file in RootsDir, in PEM.
	RootsName = "roots.pem"
	// ConfigEnv is the variable that carries the Config, as JSON. The runner
	// removes it from the command's environment.
	ConfigEnv = "SWORN_STEP"
)

// ConfigVersion is the version of Config that this package reads and writes.
const ConfigVersion = 2

// Config is what the frontend tells the runner. It travels in ConfigEnv and is
// part of the step's cache key, so it holds nothing that differs between two
// builds of the same step.
type Config struct {
	Version int `json:"version"`
	// Observe watches the files that the command opens.
	Observe bool `json:"observe"`
	// Harden is the profile of the sandbox for the command; one of the Harden constants.
	Harden string `json:"harden"`
	// Root lets the command of a strict step run as root.
	Root bool `json:"root,omitempty"`
	// Network has the command's use of the network recorded; nil leaves the network as
	// BuildKit made it.
	Network *ConfigNetwork `json:"network,omitempty"`
	// NoRecord: there is no record mount, and nothing is observed or recorded. It
	// gives the step a cache key of its own: a file system that was cached without
	// its record must not meet the record of another run.
	NoRecord bool `json:"noRecord,omitempty"`
	// PathEnv is the value of PATH that the command gets; the runner's own PATH
	// begins with RunnerDir. Nil means PATH is left as the runner finds it.
	PathEnv *string `json:"pathEnv,omitempty"`
	// Env holds KEY=value entries of the step's environment that would change how
	// the runner itself runs (see [Reserved]); the command gets them back.
	Env []string `json:"env,omitempty"`
	// Mounts are the step's mounts except the root, sorted by target.
	Mounts []ConfigMount `json:"mounts,omitempty"`
}

// ConfigMount is a mount as far as observation is concerned.
type ConfigMount struct {
	// Target is an absolute clean path in the container.
	Target string `json:"target"`
	// Ignore marks mounts that are never watched, read or hashed: secrets, ssh
	// sockets and tmpfs.
	Ignore bool `json:"ignore,omitempty"`
	// Shared marks mounts that other builds may have open at the same time:
	// cache mounts and read-only binds.
	Shared bool `json:"shared,omitempty"`
}

// maxConfigBytes bounds what is read of a Config. One environment string is at
// most 128 KiB (MAX_ARG_STRLEN, execve(2)).
const maxConfigBytes = 128 << 10

// EncodeConfig returns the value for ConfigEnv. It is an error when it exceeds
// what execve(2) takes as one string.
func EncodeConfig(c Config) (string, error) {
	c.Version = ConfigVersion
	b, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode runner config: %w", err)
	}
	if len(b) > maxConfigBytes-len(ConfigEnv)-2 {
		return "", fmt.Errorf("encode runner config: %d bytes, more than one environment string may have (%d)", len(b), maxConfigBytes)
	}
	return string(b), nil
}

// DecodeConfig reads a Config strictly: unknown fields, another version or
// trailing bytes are errors.
func DecodeConfig(s string) (Config, error) {
	var c Config
	if err := decodeStrict(s, &c); err != nil {
		return Config{}, fmt.Errorf("decode runner config: %w", err)
	}
	if c.Version != ConfigVersion {
		return Config{}, fmt.Errorf("decode runner config: version %d, want %d", c.Version, ConfigVersion)
	}
	switch c.Harden {
	case HardenOff, HardenBaseline, HardenStrict:
	default:
		return Config{}, fmt.Errorf("decode runner config: profile %q", c.Harden)
	}
	if c.Root && c.Harden != HardenStrict {
		return Config{}, fmt.Errorf("decode runner config: root allowed in profile %q", c.Harden)
	}
	if c.NoRecord && (c.Observe || c.Network != nil) {
		return Config{}, errors.New("decode runner config: observation without a record")
	}
	return c, nil
}

func decodeStrict(s string, v any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("trailing bytes")
	}
	return nil
}

// Reserved reports whether an environment variable changes how the runner, a Go
// program, runs, or is stripped by it when BuildKit sets it. The frontend moves
// such variables of the Dockerfile to [Config.Env].
func Reserved(name string) bool {
	switch name {
	case ConfigEnv, "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GOCOVERDIR", "GORACE":
		return true
	}
	return Telemetry(name)
}

// Telemetry reports whether a variable is one by which a builder with tracing on
// tells its containers about its spans. They differ from build to build, so the
// runner removes them.
func Telemetry(name string) bool {
	return name == "TRACEPARENT" || name == "TRACESTATE" || name == "BAGGAGE" ||
		len(name) >= 5 && name[:5] == "OTEL_"
}
