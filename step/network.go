package step

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Network modes of a step.
const (
	// NetworkDefault is the network that BuildKit gives the step.
	NetworkDefault = "default"
	// NetworkNone is a network namespace with nothing in it.
	NetworkNone = "none"
	// NetworkRecord lets the command reach nothing but a proxy of the runner, which
	// records every request.
	NetworkRecord = "record"
)

// ConfigNetwork configures [NetworkRecord].
type ConfigNetwork struct {
	// Allow are the patterns of URLs that may be asked for, sorted; empty allows all.
	Allow []string `json:"allow,omitempty"`
	// Roots is sha256:HEX of the file RootsName in RootsDir; empty without one.
	Roots string `json:"roots,omitempty"`
}

// Network is what is known of a step's use of the network.
type Network struct {
	// Mode is in force, not asked for.
	Mode string `json:"mode"`
	// Recorder says who recorded: "sworn", "buildkit" (its own proxy network, whose
	// requests are in BuildKit's provenance and not here), or is empty when nobody did.
	Recorder string `json:"recorder,omitempty"`
	// Enforced: the kernel kept the command from reaching anything but the recorder, or
	// anything at all.
	Enforced bool `json:"enforced"`
	// Complete is true when no use of the network can be missing from Requests.
	Complete bool `json:"complete"`
	// Reasons say why it is not enforced or not complete, sorted.
	Reasons []string `json:"reasons,omitempty"`
	// Roots are the authorities that an operator had the recorder trust beside those of
	// the container: sha256:HEX of each certificate in DER, sorted.
	Roots []string `json:"roots,omitempty"`
	// Requests are sorted by URL, method, status and digest, and alike ones are one with
	// a count: the order in which a step asks is often chance. Never null.
	Requests []Request `json:"requests"`
}

// Recorders of [Network].
const (
	RecorderSworn    = "sworn"
	RecorderBuildKit = "buildkit"
)

// Request is a request that the command made, as the recorder saw it.
type Request struct {
	Method string `json:"method"`
	// URL without credentials, and with the values of secret query parameters replaced.
	URL string `json:"url"`
	// Status is the response's; 0 when there was none (Reason).
	Status int `json:"status,omitempty"`
	// Digest is sha256:HEX of the response's body as it came over the wire, decoded from
	// chunks but not from content encodings; empty when it was not read to its end.
	Digest string `json:"digest,omitempty"`
	// Size of that body in bytes.
	Size int64 `json:"size"`
	// Range is the range that was asked for, Location where a redirect led, both as URL
	// and header values are: without secrets.
	Range    string `json:"range,omitempty"`
	Location string `json:"location,omitempty"`
	// Sent is sha256:HEX of the request's body, SentSize its bytes; empty without one.
	Sent     string `json:"sent,omitempty"`
	SentSize int64  `json:"sentSize,omitempty"`
	// Upgrade is the protocol that the connection became. What went over it is not
	// recorded, so the record is not complete.
	Upgrade string `json:"upgrade,omitempty"`
	// Refused: the recorder did not pass it on, for Reason. Reason also says why there
	// is no status or no digest.
	Refused bool   `json:"refused,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// Count of requests alike, at least 1.
	Count int `json:"count"`
}

// Check refuses a network that contradicts itself.
func (n *Network) Check() error {
	switch {
	case n == nil:
		return nil
	case n.Mode != NetworkDefault && n.Mode != NetworkNone && n.Mode != NetworkRecord:
		return fmt.Errorf("network mode %q", n.Mode)
	case n.Requests == nil:
		return fmt.Errorf("network without requests")
	case n.Mode != NetworkRecord && len(n.Requests) > 0:
		return fmt.Errorf("requests in network mode %q", n.Mode)
	case n.Complete && len(n.Reasons) > 0:
		return fmt.Errorf("network complete, but %s", n.Reasons[0])
	case n.Recorder != "" && n.Recorder != RecorderSworn && n.Recorder != RecorderBuildKit:
		return fmt.Errorf("network recorder %q", n.Recorder)
	case n.Recorder == RecorderBuildKit && (n.Complete || len(n.Requests) > 0):
		return fmt.Errorf("network recorded by BuildKit, but complete: %t, with %d requests", n.Complete, len(n.Requests))
	}
	if err := n.checkRoots(); err != nil {
		return err
	}
	for _, r := range n.Requests {
		if r.Count < 1 || r.Method == "" || r.URL == "" {
			return fmt.Errorf("request %q %q, %d times", r.Method, r.URL, r.Count)
		}
	}
	return nil
}

func (n *Network) checkRoots() error {
	if len(n.Roots) > 0 && n.Recorder != RecorderSworn {
		return fmt.Errorf("roots of recorder %q", n.Recorder)
	}
	for i, r := range n.Roots {
		text, ok := strings.CutPrefix(r, "sha256:")
		if sum, err := hex.DecodeString(text); !ok || err != nil || len(sum) != sha256.Size || text != strings.ToLower(text) {
			return fmt.Errorf("root %q", r)
		}
		if i > 0 && n.Roots[i-1] >= r {
			return fmt.Errorf("root %q after %q", r, n.Roots[i-1])
		}
	}
	return nil
}
