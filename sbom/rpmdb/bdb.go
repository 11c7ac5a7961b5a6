package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A hash table of Berkeley DB (its src/dbinc/db_page.h), version 8 to 10: pages of pairs,
// each a key of four bytes and a header, which lies on the page or on overflow pages.
// Numbers are in the order of the machine that wrote it.

const (
	hashMagic = 0x061561
	// Types of pages.
	pageHashUnsorted = 2
	pageOverflow     = 7
	pageHash         = 13
	// Types of items on a page of a hash table.
	itemHere     = 1 // the bytes follow
	itemOverflow = 3 // page and length follow
	bdbHeader    = 26
	offPageSize  = 12
	// keySize is that of a package's number. Number 0 holds the highest in use.
	keySize = 4
)

// bdbOrder tells a hash table and in which order its numbers are; nil for others.
func bdbOrder(head []byte) binary.ByteOrder {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(head[12:]) == hashMagic {
			return order
		}
	}
	return nil
}

// bdb is an open hash table.
type bdb struct {
	*reader
	db    Source
	order binary.ByteOrder
	size  int64 // of a page
}

func (r *reader) bdb(db Source, head []byte) error {
	d := &bdb{reader: r, db: db, order: bdbOrder(head)}
	d.size = int64(d.order.Uint32(head[20:]))
	if d.size < 512 || d.size > 1<<16 || d.size&(d.size-1) != 0 {
		return fmt.Errorf("pages of %d bytes", d.size)
	}
	if head[24] != 0 {
		return errors.New("a database that is encrypted")
	}
	if db.Size%d.size != 0 {
		d.note(errCut)
	}
	page := make([]byte, d.size)
	for n := int64(1); n < db.Size/d.size; n++ {
		if m, _ := db.ReadAt(page, n*d.size); m < len(page) {
			return errCut
		}
		if page[25] != pageHash && page[25] != pageHashUnsorted {
			continue
		}
		if err := d.pairs(page, n); err != nil {
			return err
		}
	}
	return nil
}

// pairs reads the pairs of a page: their offsets, in which items lie one before the
// other, follow the page's header.
func (d *bdb) pairs(page []byte, n int64) error {
	count := int(d.order.Uint16(page[20:]))
	if bdbHeader+2*count > len(page) {
		return d.broken(fmt.Errorf("page %d has more items than room", n))
	}
	end := len(page)
	var key []byte
	for i := range count {
		start := int(d.order.Uint16(page[bdbHeader+2*i:]))
		if start < bdbHeader+2*count || start >= end {
			return d.broken(fmt.Errorf("page %d has an item that is no part of it", n))
		}
		item := page[start:end]
		end = start
		if i%2 == 0 {
			key = item
			continue
		}
		if len(key) != 1+keySize || d.order.Uint32(key[1:]) == 0 {
			continue
		}
		if err := d.item(item); err != nil {
			return err
		}
	}
	return nil
}

// item reads a header. The error ends the reading.
func (d *bdb) item(item []byte) error {
	switch {
	case item[0] == itemHere:
		b := append([]byte(nil), item[1:]...)
		if err := d.room(int64(len(b))); err != nil {
			return err
		}
		return d.header(b)
	case item[0] == itemOverflow && len(item) >= offPageSize:
		b, err := d.overflow(d.order.Uint32(item[4:]), int64(d.order.Uint32(item[8:])))
		if err != nil {
			return d.broken(err)
		}
		return d.header(b)
	}
	return d.broken(errors.New("an item of another type"))
}

// overflow reads an item of a length in bytes that lies on pages of its own.
func (d *bdb) overflow(n uint32, length int64) ([]byte, error) {
	if err := d.room(length); err != nil {
		return nil, err
	}
	if length > d.db.Size {
		return nil, errCut
	}
	out := make([]byte, 0, length)
	page := make([]byte, d.size)
	for int64(len(out)) < length {
		if n == 0 {
			return nil, errCut
		}
		if m, _ := d.db.ReadAt(page, int64(n)*d.size); m < len(page) {
			return nil, errCut
		}
		// All pages but the last are full.
		size := int(d.order.Uint16(page[22:]))
		if full := len(page) - bdbHeader; page[25] != pageOverflow || size > full || size < full && len(out)+size < int(length) {
			return nil, fmt.Errorf("page %d is no part of an item", n)
		}
		out = append(out, page[bdbHeader:][:min(int64(size), length-int64(len(out)))]...)
		n = d.order.Uint32(page[16:])
	}
	return out, nil
}
