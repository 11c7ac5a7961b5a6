package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The database file format of SQLite (https://www.sqlite.org/fileformat2.html), as much
// as it takes to read one table from its beginning to its end.

const (
	sqliteMagic = "SQLite format 3\x00"
	// maxDepth bounds the levels of a table: SQLite has at most 20.
	maxDepth = 32
	// minUsable is the least number of bytes of a page that SQLite may use.
	minUsable = 480
	// maxRows bounds the rows that are looked at.
	maxRows = 1 << 20

	pageInterior = 0x05 // of a table
	pageLeaf     = 0x0d
)

func isSQLite(head []byte) bool { return string(head[:len(sqliteMagic)]) == sqliteMagic }

// sqlite is an open database.
type sqlite struct {
	*reader
	db     Source
	log    map[uint32]int64 // offsets in wal of pages that lie there
	wal    Source
	size   int // of a page
	usable int // of its bytes
	pages  uint32
	// seen has a bit for each page of a tree that was read: each is in one tree, once.
	seen []uint64
	rows int
}

// sqlite reads table Packages: a number and a header a row.
func (r *reader) sqlite(db, wal Source) error {
	d := &sqlite{reader: r, db: db, wal: wal}
	var err error
	var committed uint32
	if d.log, d.size, committed, err = readLog(wal); err != nil {
		return err
	}
	if err := d.open(committed); err != nil {
		return err
	}
	root, err := d.root("Packages")
	if err != nil {
		return err
	}
	return d.table(root, 0, func(payload []byte) error {
		for _, col := range columns(payload) {
			if col.blob {
				return d.header(col.bytes)
			}
		}
		return d.broken(errors.New("a row without a header"))
	})
}

// open learns the size of pages and how many there are.
func (d *sqlite) open(committed uint32) error {
	head := make([]byte, 100)
	if at, ok := d.log[1]; ok {
		if _, err := d.wal.ReadAt(head, at); err != nil {
			return errCut
		}
	} else if _, err := d.db.ReadAt(head, 0); err != nil {
		return errCut
	}
	if !isSQLite(head) {
		return ErrFormat
	}
	size := int(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 1 << 16
	}
	if size < 512 || size&(size-1) != 0 || d.size != 0 && d.size != size {
		return fmt.Errorf("pages of %d bytes", size)
	}
	d.size, d.usable = size, size-int(head[20])
	if d.usable < minUsable {
		return fmt.Errorf("pages with %d usable bytes", d.usable)
	}
	d.pages = uint32(d.db.Size / int64(size))
	if committed > 0 {
		d.pages = min(committed, d.pages+uint32(len(d.log)))
	}
	d.seen = make([]uint64, d.pages/64+1)
	return nil
}

var errCut = errors.New("it ends before what it should hold")

// page reads a page.
func (d *sqlite) page(n uint32) ([]byte, error) {
	if n == 0 || n > d.pages {
		return nil, errCut
	}
	b := make([]byte, d.size)
	src, at := io.ReaderAt(d.db), int64(n-1)*int64(d.size)
	if in, ok := d.log[n]; ok {
		src, at = d.wal, in
	}
	if m, _ := src.ReadAt(b, at); m < len(b) {
		return nil, errCut
	}
	return b, nil
}

// root returns the first page of a table. The schema is a table as well, on page 1.
func (d *sqlite) root(name string) (uint32, error) {
	var root uint32
	err := d.table(1, 0, func(payload []byte) error {
		if cols := columns(payload); len(cols) >= 4 && string(cols[0].bytes) == "table" && string(cols[1].bytes) == name {
			for _, b := range cols[3].bytes {
				root = root<<8 | uint32(b)
			}
		}
		return nil
	})
	if err != nil || root == 0 {
		return 0, errors.Join(err, fmt.Errorf("no table %s", name))
	}
	return root, nil
}

// table calls f with the payload of each row below a page. A page or row that cannot be
// read is noted; the error ends the reading.
func (d *sqlite) table(n uint32, depth int, f func([]byte) error) error {
	if depth > maxDepth || d.again(n) {
		return d.broken(fmt.Errorf("page %d is in a tree twice", n))
	}
	b, err := d.page(n)
	if err != nil {
		return d.broken(err)
	}
	at := b
	if n == 1 {
		at = b[100:] // the database's own header
	}
	kind, cells := at[0], int(binary.BigEndian.Uint16(at[3:]))
	first := 8
	if kind == pageInterior {
		first = 12
	} else if kind != pageLeaf {
		return d.broken(fmt.Errorf("page %d is none of a table", n))
	}
	if first+2*cells > len(at) {
		return d.broken(fmt.Errorf("page %d has more rows than room", n))
	}
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(at[first+2*i:]))
		if kind == pageLeaf {
			err = d.row(b, cell, f)
		} else if cell+4 <= len(b) {
			err = d.table(binary.BigEndian.Uint32(b[cell:]), depth+1, f)
		}
		if err != nil {
			return err
		}
	}
	if kind == pageInterior {
		return d.table(binary.BigEndian.Uint32(at[8:]), depth+1, f)
	}
	return nil
}

// again marks a page as read and reports whether it was.
func (d *sqlite) again(n uint32) bool {
	if n > d.pages {
		return false // there is no such page
	}
	bit := uint64(1) << (n % 64)
	was := d.seen[n/64]&bit != 0
	d.seen[n/64] |= bit
	return was
}

// row calls f with the payload of a cell.
func (d *sqlite) row(page []byte, cell int, f func([]byte) error) error {
	if d.rows++; d.rows > maxRows {
		return errTooMuch
	}
	payload, err := d.payload(page, cell)
	if err != nil {
		return d.broken(err)
	}
	return f(payload)
}

// payload reads what a leaf's cell holds: the length and the row's number, both varints,
// as much of the payload as has room, and the page where it goes on.
func (d *sqlite) payload(page []byte, cell int) ([]byte, error) {
	if cell >= d.usable {
		return nil, errCut
	}
	b := page[cell:d.usable]
	length, n := varint(b)
	_, m := varint(b[n:])
	b = b[n+m:]
	if n == 0 || m == 0 || length > maxHeader {
		return nil, fmt.Errorf("a row of %d bytes, more than %d", length, maxHeader)
	}
	if err := d.room(int64(length)); err != nil {
		return nil, err
	}
	local := d.local(int(length))
	if local == int(length) {
		if local > len(b) {
			return nil, errCut
		}
		return b[:local], nil
	}
	if local+4 > len(b) {
		return nil, errCut
	}
	out := append(make([]byte, 0, min(int(length), int(d.pages)*d.size)), b[:local]...)
	next := binary.BigEndian.Uint32(b[local:])
	for len(out) < int(length) {
		p, err := d.page(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(p)
		out = append(out, p[4:min(d.usable, 4+int(length)-len(out))]...)
	}
	return out, nil
}

// local is how many bytes of a payload lie in the leaf itself.
func (d *sqlite) local(length int) int {
	if length <= d.usable-35 {
		return length
	}
	least := (d.usable-12)*32/255 - 23
	if k := least + (length-least)%(d.usable-4); k <= d.usable-35 {
		return k
	}
	return least
}

// column is one value of a row.
type column struct {
	bytes []byte // of a number in network order
	blob  bool
}

// columns splits a row: the length of its header and the types of its columns, all
// varints, and then their values. A row that ends early has fewer.
func columns(row []byte) []column {
	length, n := varint(row)
	if n == 0 || length > uint64(len(row)) || int(length) < n {
		return nil
	}
	types, values := row[n:length], row[length:]
	var out []column
	for len(types) > 0 {
		kind, n := varint(types)
		if n == 0 {
			return out
		}
		types = types[n:]
		var size uint64
		switch {
		case kind <= 4:
			size = kind
		case kind == 5:
			size = 6
		case kind <= 7:
			size = 8
		case kind >= 12:
			size = (kind - 12) / 2
		}
		if size > uint64(len(values)) {
			return out
		}
		out = append(out, column{values[:size], kind >= 12 && kind%2 == 0})
		values = values[size:]
	}
	return out
}

// varint reads a number of up to nine bytes and how many it took; 0 when it is cut.
func varint(b []byte) (uint64, int) {
	var v uint64
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
