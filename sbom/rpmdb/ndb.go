package rpmdb

import (
	"encoding/binary"
	"errors"
)

// NDB, a format of rpm's own (lib/backend/ndb/rpmpkg.c): pages of slots, each of which
// says in which blocks a package's header lies. Numbers are little-endian.

const (
	ndbMagic   = "RpmP"
	slotMagic  = "Slot"
	blobMagic  = "BlbS"
	ndbPage    = 4096
	slotSize   = 16
	slotStart  = 32 // after the header
	blockSize  = 16
	blobHeader = 16
	// maxSlotPages bounds the pages of slots: rpm's own limit is 2048.
	maxSlotPages = 2048
)

func isNDB(head []byte) bool { return string(head[:4]) == ndbMagic }

func (r *reader) ndb(db Source) error {
	head := make([]byte, slotStart)
	if _, err := db.ReadAt(head, 0); err != nil {
		return errCut
	}
	if version := binary.LittleEndian.Uint32(head[4:]); version != 0 {
		return errors.New("an NDB of another version")
	}
	pages := binary.LittleEndian.Uint32(head[12:])
	if pages == 0 || pages > maxSlotPages || int64(pages)*ndbPage > db.Size {
		return errors.New("an NDB with more slots than room")
	}
	slots := make([]byte, int64(pages)*ndbPage-slotStart)
	if _, err := db.ReadAt(slots, slotStart); err != nil {
		return errCut
	}
	for ; len(slots) >= slotSize; slots = slots[slotSize:] {
		if err := r.slot(db, slots[:slotSize]); err != nil {
			return err
		}
	}
	return nil
}

// slot reads the package of a slot: magic, number of the package, first block and how
// many there are. One without a number is free. The
// error ends the reading.
func (r *reader) slot(db Source, slot []byte) error {
	if string(slot[:4]) != slotMagic {
		return r.broken(errors.New("a slot without its mark"))
	}
	number := binary.LittleEndian.Uint32(slot[4:])
	if number == 0 {
		return nil
	}
	at := int64(binary.LittleEndian.Uint32(slot[8:])) * blockSize
	blob := make([]byte, blobHeader)
	if n, _ := db.ReadAt(blob, at); n < len(blob) {
		return r.broken(errCut)
	}
	if string(blob[:4]) != blobMagic || binary.LittleEndian.Uint32(blob[4:]) != number {
		return r.broken(errors.New("a slot of another package"))
	}
	return r.at(db, at+blobHeader, int64(binary.LittleEndian.Uint32(blob[12:])))
}

// at reads a header that lies in one piece.
func (r *reader) at(db Source, at, size int64) error {
	if at+size > db.Size {
		return r.broken(errCut)
	}
	if err := r.room(size); err != nil {
		return r.broken(err)
	}
	b := make([]byte, size)
	if n, _ := db.ReadAt(b, at); n < len(b) {
		return r.broken(errCut)
	}
	return r.header(b)
}
