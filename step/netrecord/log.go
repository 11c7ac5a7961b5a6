package netrecord

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/sworn-build/sworn/step"
)

const (
	// maxRequests bounds the different requests of one record: about 30 MB of JSON.
	maxRequests = 100_000
	// maxText bounds their text in bytes: long URLs would make it gigabytes.
	maxText = 32 << 20
	// maxReasons bounds the different reasons: servers choose some of their words.
	maxReasons = 100
)

// log collects requests. The zero value is empty.
type log struct {
	mu      sync.Mutex
	count   map[step.Request]int
	reasons map[string]bool
	lost    int
	text    int // bytes of the requests' text
}

// add counts a request; its own count is ignored.
func (l *log) add(r step.Request) {
	r.Count = 0
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == nil {
		l.count = map[step.Request]int{}
	}
	if _, ok := l.count[r]; !ok {
		n := text(r)
		if len(l.count) >= maxRequests || l.text+n > maxText {
			l.lost++
			return
		}
		l.text += n
	}
	l.count[r]++
}

// text is what a request has of it, in bytes.
func text(r step.Request) int {
	return len(r.Method) + len(r.URL) + len(r.Digest) + len(r.Range) + len(r.Location) + len(r.Sent) + len(r.Upgrade) + len(r.Reason)
}

// miss notes why something that went through is not in the record.
func (l *log) miss(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reasons == nil {
		l.reasons = map[string]bool{}
	}
	if len(l.reasons) >= maxReasons && !l.reasons[reason] {
		reason = "more reasons than a record holds"
	}
	l.reasons[reason] = true
}

// result returns the requests in the order of [step.Network], never nil, and the
// reasons, sorted.
func (l *log) result() ([]step.Request, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]step.Request, 0, len(l.count))
	for r, n := range l.count {
		r.Count = n
		out = append(out, r)
	}
	slices.SortFunc(out, compare)
	var reasons []string
	for r := range l.reasons {
		reasons = append(reasons, r)
	}
	if l.lost > 0 {
		reasons = append(reasons, fmt.Sprintf("%d requests more than a record holds (%d different ones, %d MiB)", l.lost, maxRequests, maxText>>20))
	}
	slices.Sort(reasons)
	return out, reasons
}

func compare(a, b step.Request) int {
	return cmp.Or(
		cmp.Compare(a.URL, b.URL), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status),
		cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Range, b.Range), cmp.Compare(a.Location, b.Location),
		cmp.Compare(a.Sent, b.Sent), cmp.Compare(a.Upgrade, b.Upgrade), cmp.Compare(a.Reason, b.Reason),
		cmp.Compare(a.Size, b.Size), cmp.Compare(a.SentSize, b.SentSize),
	)
}
