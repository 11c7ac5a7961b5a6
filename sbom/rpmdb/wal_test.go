package rpmdb_test

import (
	"encoding/binary"
	"testing"

	"github.com/sworn-build/sworn/sbom/rpmdb"
)

// makeLog makes a write-ahead log with all pages of a database in one transaction.
func makeLog(db []byte) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	sum := func(s [2]uint32, b []byte) [2]uint32 {
		for i := 0; i+8 <= len(b); i += 8 {
			s[0] += le.Uint32(b[i:]) + s[1]
			s[1] += le.Uint32(b[i+4:]) + s[0]
		}
		return s
	}
	out := be.AppendUint32(nil, 0x377f0682)
	out = be.AppendUint32(be.AppendUint32(be.AppendUint32(out, 3007000), sqlitePage), 0)
	out = append(out, "saltsalt"...)
	s := sum([2]uint32{}, out)
	out = be.AppendUint32(be.AppendUint32(out, s[0]), s[1])
	pages := len(db) / sqlitePage
	for n := range pages {
		head := be.AppendUint32(nil, uint32(n+1))
		size := 0
		if n+1 == pages {
			size = pages
		}
		head = be.AppendUint32(head, uint32(size))
		page := db[n*sqlitePage:][:sqlitePage]
		s = sum(sum(s, head), page)
		head = append(head, "saltsalt"...)
		head = be.AppendUint32(be.AppendUint32(head, s[0]), s[1])
		out = append(append(out, head...), page...)
	}
	return out
}

func TestTheLogCountsAsFarAsItIsCommitted(t *testing.T) {
	names := func(db, wal []byte) (out string) {
		if err := rpmdb.Read(source(db), source(wal), func(p rpmdb.Package) { out += p.Name + " " }); err != nil {
			t.Errorf("read: %v", err)
		}
		return out
	}
	old, now := makeSQLite(named("old")), makeSQLite(named("new"), named("more", listing(20, "/a/", "f")...))
	log := makeLog(now)
	flipped := append([]byte(nil), log...)
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		what    string
		db, wal []byte
		want    string
	}{
		{"no log", old, nil, "old "},
		{"a log", old, log, "new more "},
		{"all in the log", nil, log, "new more "},
		{"cut before the commit", old, log[:len(log)-1], "old "},
		{"a frame with another sum", old, flipped, "old "},
		{"an empty log", old, log[:32], "old "},
		{"what is left of an earlier log", old, append(append([]byte(nil), log...), makeLog(makeSQLite(named("x")))[32:]...), "new more "},
		{"no log at all", old, []byte("something else, longer than the header is"), "old "},
	} {
		if got := names(c.db, c.wal); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}
