package runner

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// event is one inotify_event.
type event struct {
	wd   int32
	mask uint32
	name []byte // valid during the call only
}

// decodeEvents decodes what read(2) gave for an inotify instance.
func decodeEvents(b []byte, note func(event)) error {
	for len(b) > 0 {
		if len(b) < unix.SizeofInotifyEvent {
			return fmt.Errorf("read file events: %d bytes left of an event", len(b))
		}
		size := uint64(binary.NativeEndian.Uint32(b[12:16])) + unix.SizeofInotifyEvent
		if size > uint64(len(b)) {
			return fmt.Errorf("read file events: event of %d bytes in %d", size, len(b))
		}
		name := b[unix.SizeofInotifyEvent:size]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		note(event{
			wd:   int32(binary.NativeEndian.Uint32(b[0:4])),
			mask: binary.NativeEndian.Uint32(b[4:8]),
			name: name,
		})
		b = b[size:]
	}
	return nil
}
