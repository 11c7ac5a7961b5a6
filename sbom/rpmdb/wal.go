package rpmdb

import (
	"encoding/binary"
	"errors"
)

// The write-ahead log of SQLite (https://www.sqlite.org/fileformat2.html#walformat): a
// header of 32 bytes, and frames of 24 and a page. A build can end a step with rpm's last
// transaction still in it.

const (
	walMagic      = 0x377f0682 // the lowest bit says in which order sums were made
	walHeader     = 32
	walFrame      = 24
	maxLog        = 1 << 30
	maxLogPages   = 1 << 20
	walLittle     = 0
	walSumOffset  = 24
	frameSumStart = 16
)

// readLog returns where the committed pages lie in a log, their size, and how many pages
// the database has with them. A log that is not there, or holds nothing that was
// committed, has none.
func readLog(wal Source) (pages map[uint32]int64, size int, committed uint32, err error) {
	head := make([]byte, walHeader)
	if wal.Size < walHeader {
		return nil, 0, 0, nil
	}
	if wal.Size > maxLog {
		return nil, 0, 0, errors.New("its log is larger than a log may be")
	}
	if _, err := wal.ReadAt(head, 0); err != nil {
		return nil, 0, 0, errCut
	}
	magic := binary.BigEndian.Uint32(head)
	if magic&^1 != walMagic {
		return nil, 0, 0, nil
	}
	order := binary.ByteOrder(binary.BigEndian)
	if magic&1 == walLittle {
		order = binary.LittleEndian
	}
	page := int64(binary.BigEndian.Uint32(head[8:]))
	if page < 512 || page > 1<<16 || page&(page-1) != 0 {
		return nil, 0, 0, nil
	}
	var sum [2]uint32
	if sum = logSum(sum, head[:walSumOffset], order); !hasSum(head[walSumOffset:], sum) {
		return nil, 0, 0, nil
	}
	pages, pending := map[uint32]int64{}, map[uint32]int64{}
	frame := make([]byte, walFrame+page)
	for at := int64(walHeader); at+int64(len(frame)) <= wal.Size; at += int64(len(frame)) {
		if _, err := wal.ReadAt(frame, at); err != nil {
			break
		}
		sum = logSum(logSum(sum, frame[:8], order), frame[walFrame:], order)
		// What follows a frame of an earlier round, or one cut short, does not count.
		if string(frame[8:16]) != string(head[16:24]) || !hasSum(frame[frameSumStart:], sum) {
			break
		}
		pending[binary.BigEndian.Uint32(frame)] = at + walFrame
		if len(pages)+len(pending) > maxLogPages {
			return nil, 0, 0, errors.New("its log has more pages than a log may have")
		}
		if n := binary.BigEndian.Uint32(frame[4:]); n > 0 {
			committed = n
			for p, where := range pending {
				pages[p] = where
			}
			clear(pending)
		}
	}
	if committed == 0 {
		return nil, 0, 0, nil
	}
	return pages, int(page), committed, nil
}

// logSum goes on with the sum of a log over a multiple of eight bytes.
func logSum(s [2]uint32, b []byte, order binary.ByteOrder) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

func hasSum(b []byte, s [2]uint32) bool {
	return binary.BigEndian.Uint32(b) == s[0] && binary.BigEndian.Uint32(b[4:]) == s[1]
}
