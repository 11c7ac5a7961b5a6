package netrecord

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

func TestAFloodIsBounded(t *testing.T) {
	var l log
	for i := range maxRequests + 10 {
		l.add(step.Request{Method: "GET", URL: fmt.Sprint("http://x/", i)})
	}
	l.add(step.Request{Method: "GET", URL: "http://x/0"})
	got, reasons := l.result()
	if len(got) != maxRequests || got[0].Count != 2 {
		t.Errorf("%d requests, the first %+v", len(got), got[0])
	}
	if want := []string{"10 requests more than a record holds (100000 different ones, 32 MiB)"}; cmp.Diff(want, reasons) != "" {
		t.Errorf("%q", reasons)
	}
}

// Few requests with long URLs, and the words of servers, are bounded too.
func TestAFloodOfTextIsBounded(t *testing.T) {
	var l log
	long := strings.Repeat("x", maxURL)
	for i := range 2 * maxText / maxURL {
		l.add(step.Request{Method: "GET", URL: fmt.Sprint("http://x/", i), Reason: long})
		l.miss(fmt.Sprint("reason ", i))
	}
	got, reasons := l.result()
	size := 0
	for _, r := range got {
		size += text(r)
	}
	if size > maxText || size < maxText-2*maxURL {
		t.Errorf("%d bytes of text, want almost %d", size, maxText)
	}
	// Those that are named, that there are more, and that requests are lost.
	if len(reasons) != maxReasons+2 {
		t.Errorf("%d reasons", len(reasons))
	}
}
