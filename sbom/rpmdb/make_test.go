package rpmdb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/sworn-build/sworn/sbom/rpmdb"
)

// tag is one value of a header: a string, []string, []uint32 or []byte.
type tag struct {
	number int
	value  any
}

// header makes a package's header as it lies in a database.
func header(tags ...tag) []byte {
	var index, data []byte
	put := binary.BigEndian.AppendUint32
	for _, t := range tags {
		kind, count := uint32(6), uint32(1)
		var b []byte
		switch v := t.value.(type) {
		case string:
			b = append([]byte(v), 0)
		case []string:
			kind, count = 8, uint32(len(v))
			for _, s := range v {
				b = append(append(b, s...), 0)
			}
		case []uint32:
			kind, count = 4, uint32(len(v))
			for len(data)%4 != 0 {
				data = append(data, 0)
			}
			for _, n := range v {
				b = put(b, n)
			}
		case []byte:
			kind, count, b = 1, uint32(len(v)), v
		}
		index = put(put(put(put(index, uint32(t.number)), kind), uint32(len(data))), count)
		data = append(data, b...)
	}
	out := put(put(nil, uint32(len(index)/16)), uint32(len(data)))
	return append(append(out, index...), data...)
}

// named is a header with a name, version and release, and what more there is.
func named(name string, more ...tag) []byte {
	return header(append([]tag{{1000, name}, {1001, "1.0"}, {1002, "2"}, {1022, "noarch"}}, more...)...)
}

// listing has a header list files, each with a digest, state and flags.
func listing(n int, dir, file string) []tag {
	var names, digests []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%d", file, i))
		digests = append(digests, fmt.Sprintf("%064x", i))
	}
	return []tag{
		{1117, names}, {1118, []string{dir}}, {1116, make([]uint32, n)}, {1035, digests}, {1037, make([]uint32, n)},
		{1029, make([]byte, n)}, {5011, []uint32{8}},
	}
}

// makeNDB makes an NDB of headers.
func makeNDB(headers ...[]byte) []byte {
	le := binary.LittleEndian
	out := append([]byte("RpmP"), make([]byte, 4096-4)...)
	le.PutUint32(out[12:], 1)
	for i := 32; i < 4096; i += 16 {
		copy(out[i:], "Slot")
	}
	for i, h := range headers {
		slot := out[32+16*i:]
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(len(out)/16))
		out = append(out, "BlbS"...)
		out = le.AppendUint32(out, uint32(i+1))
		out = le.AppendUint32(le.AppendUint32(out, 0), uint32(len(h)))
		out = append(out, h...)
		for len(out)%16 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

// makeBDB makes a hash table of headers, which lie on overflow pages, in an order.
func makeBDB(order binary.ByteOrder, headers ...[]byte) []byte {
	const size = 512
	page := func(n int, kind byte) []byte {
		p := make([]byte, size)
		order.PutUint32(p[8:], uint32(n))
		p[25] = kind
		return p
	}
	meta, table := page(0, 8), page(1, 13)
	order.PutUint32(meta[12:], 0x061561)
	order.PutUint32(meta[16:], 9)
	order.PutUint32(meta[20:], size)
	var overflow []byte
	end, items := size, 0
	item := func(b []byte) {
		end -= len(b)
		copy(table[end:], b)
		order.PutUint16(table[26+2*items:], uint16(end))
		items++
		order.PutUint16(table[20:], uint16(items))
	}
	for i, h := range append([][]byte{nil}, headers...) { // number 0 is no package
		key := make([]byte, 5)
		key[0] = 1
		order.PutUint32(key[1:], uint32(i))
		item(key)
		value := make([]byte, 12)
		value[0] = 3
		order.PutUint32(value[4:], uint32(2+len(overflow)/size))
		order.PutUint32(value[8:], uint32(len(h)))
		item(value)
		for len(h) > 0 {
			n := min(len(h), size-26)
			p := page(2+len(overflow)/size, 7)
			order.PutUint16(p[22:], uint16(n))
			copy(p[26:], h[:n])
			if h = h[n:]; len(h) > 0 {
				order.PutUint32(p[16:], uint32(3+len(overflow)/size))
			}
			overflow = append(overflow, p...)
		}
	}
	return slices.Concat(meta, table, overflow)
}

const sqlitePage = 512

// makeSQLite makes a database with table Packages of headers: its schema on page 1, the
// table on page 2, overflow pages behind.
func makeSQLite(headers ...[]byte) []byte {
	be := binary.BigEndian
	one := make([]byte, sqlitePage)
	copy(one, "SQLite format 3\x00")
	be.PutUint16(one[16:], sqlitePage)
	schema := []byte{6, 23, 29, 29, 1, 23, 2} // text 5, 8, 8, an int, text 5
	schema[0] = 6
	row := append(schema[:6:6], "tablePackagesPackages\x02CREAT"...)
	var overflow []byte
	leaf(one[100:], one, []([]byte){append([]byte{byte(len(row)), 1}, row...)})
	two := make([]byte, sqlitePage)
	var cells [][]byte
	for i, h := range headers {
		kind := varint(uint64(12 + 2*len(h)))
		row := append([]byte{byte(2 + len(kind)), 0}, kind...)
		row = append(row, h...)
		cell := append(varint(uint64(len(row))), varint(uint64(i+1))...)
		if local := localBytes(len(row)); local < len(row) {
			cell = append(cell, row[:local]...)
			cell = be.AppendUint32(cell, uint32(3+len(overflow)/sqlitePage))
			for rest := row[local:]; len(rest) > 0; {
				p := make([]byte, sqlitePage)
				n := copy(p[4:], rest)
				if rest = rest[n:]; len(rest) > 0 {
					be.PutUint32(p, uint32(4+len(overflow)/sqlitePage))
				}
				overflow = append(overflow, p...)
			}
		} else {
			cell = append(cell, row...)
		}
		cells = append(cells, cell)
	}
	leaf(two, two, cells)
	return slices.Concat(one, two, overflow)
}

// leaf writes cells to a page whose own header begins at at.
func leaf(at, page []byte, cells [][]byte) {
	at[0] = 13
	binary.BigEndian.PutUint16(at[3:], uint16(len(cells)))
	end := len(page)
	for i, c := range cells {
		end -= len(c)
		copy(page[end:], c)
		binary.BigEndian.PutUint16(at[8+2*i:], uint16(end))
	}
}

// localBytes is how many bytes of a row lie in the leaf (section 1.6 of the format).
func localBytes(n int) int {
	if n <= sqlitePage-35 {
		return n
	}
	least := (sqlitePage-12)*32/255 - 23
	if k := least + (n-least)%(sqlitePage-4); k <= sqlitePage-35 {
		return k
	}
	return least
}

func varint(v uint64) []byte {
	out := []byte{byte(v & 0x7f)}
	for v >>= 7; v > 0; v >>= 7 {
		out = append([]byte{byte(v&0x7f) | 0x80}, out...)
	}
	return out
}

func source(b []byte) rpmdb.Source {
	return rpmdb.Source{ReaderAt: bytes.NewReader(b), Size: int64(len(b))}
}
