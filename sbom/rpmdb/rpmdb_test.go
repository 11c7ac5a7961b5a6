package rpmdb_test

import (
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/rpmdb"
)

// read returns the packages of a database and what it says of the rest.
func read(db []byte) ([]rpmdb.Package, error) {
	var out []rpmdb.Package
	err := rpmdb.Read(source(db), rpmdb.Source{}, func(p rpmdb.Package) { out = append(out, p) })
	return out, err
}

// forms are the makers of databases.
func forms() map[string]func(...[]byte) []byte {
	return map[string]func(...[]byte) []byte{
		"sqlite": makeSQLite, "ndb": makeNDB,
		"bdb":            func(hs ...[]byte) []byte { return makeBDB(binary.LittleEndian, hs...) },
		"bdb big-endian": func(hs ...[]byte) []byte { return makeBDB(binary.BigEndian, hs...) },
	}
}

func TestEachFormGivesTheSamePackages(t *testing.T) {
	files := listing(3, "/usr/share/a/", "f")
	files[4].value = []uint32{0, 1, 1 << 6}
	files[5].value = []byte{0, 0, 2} // the last was left out
	a := named("a", append(files, tag{1003, []uint32{7}}, tag{1044, "a-1.0-2.src.rpm"}, tag{1014, "MIT"}, tag{1011, "V"}, tag{1015, "P"}, tag{1020, "U"})...)
	b := named("b", listing(200, "/opt/", "x")...)
	c := named("c")
	for name, form := range forms() {
		got, err := read(form(a, b, c))
		if err != nil || len(got) != 3 {
			t.Errorf("%s: %d packages, %v", name, len(got), err)
			continue
		}
		want := rpmdb.Package{
			Name: "a", Version: "1.0", Release: "2", Epoch: 7, Arch: "noarch", Vendor: "V", Packager: "P", Licence: "MIT", URL: "U",
			SourceRPM: "a-1.0-2.src.rpm", Algorithm: "sha256", Files: []rpmdb.File{
				{Path: "/usr/share/a/f0", Digest: strings.Repeat("0", 64)},
				{Path: "/usr/share/a/f1", Digest: strings.Repeat("0", 63) + "1", Config: true},
			},
		}
		if d := cmp.Diff(want, got[0]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if len(got[1].Files) != 200 || got[2].Name != "c" || got[2].Algorithm != "md5" {
			t.Errorf("%s: got %+v, %+v", name, len(got[1].Files), got[2])
		}
	}
}

func TestOtherFilesAreNoDatabase(t *testing.T) {
	for _, b := range []string{"", "x", strings.Repeat("x", 1000), strings.Repeat("\x00", 4096)} {
		if ps, err := read([]byte(b)); err == nil || len(ps) > 0 {
			t.Errorf("%.10q: %v, %v", b, ps, err)
		}
	}
}

// TestWhatCannotBeReadIsTold: every database that is cut short gives the packages that
// are whole, and an error.
func TestWhatCannotBeReadIsTold(t *testing.T) {
	for name, form := range forms() {
		whole := form(named("a", listing(30, "/a/", "f")...), named("b", listing(30, "/b/", "f")...))
		for n := 0; n < len(whole)-512; n += 97 {
			ps, err := read(whole[:n])
			if err == nil || len(ps) > 1 {
				t.Fatalf("%s of %d bytes: %d packages, %v", name, n, len(ps), err)
			}
		}
		if _, err := read(whole); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// A header that is none is told, and the others are read.
		ps, err := read(form(named("a"), []byte("nonsense and more"), named("c")))
		if len(ps) != 2 || err == nil || !strings.Contains(err.Error(), "header") {
			t.Errorf("%s: %d packages, %v", name, len(ps), err)
		}
	}
}

// bomb is a database that tells of far more than it holds.
func bombs() map[string][]byte {
	be := binary.BigEndian
	// One long folder for very many short names.
	many := listing(0, strings.Repeat("/d", 2000)+"/", "")
	names := make([]string, 300000)
	many[0].value, many[2].value = names, make([]uint32, len(names))
	folder := named("folder", many...)
	// A header with a name and no end of strings.
	nul := named("nul", tag{1117, make([]string, 2<<20)}, tag{1118, []string{"/"}}, tag{1116, make([]uint32, 2<<20)})
	// Tags by the thousand that all have the same data.
	tags := make([]tag, 60000)
	for i := range tags {
		tags[i] = tag{1117, ""}
	}
	all := named("tags", tags...)
	// Rows by the thousand that are the same bytes.
	rows := makeSQLite(named("row"))
	table := rows[sqlitePage : 2*sqlitePage]
	be.PutUint16(table[3:], 250)
	cell := be.Uint16(table[8:])
	for i := range 200 {
		be.PutUint16(table[8+2*i:], cell)
	}
	// A tree whose pages are below themselves.
	circle := makeSQLite(named("x"))
	page := circle[sqlitePage : 2*sqlitePage]
	page[0] = 5
	be.PutUint32(page[8:], 2)
	// A row that goes on and on in one page.
	loop := makeSQLite(named("loop", listing(100, "/a/", "f")...))
	for n := 2; n < len(loop)/sqlitePage; n++ {
		be.PutUint32(loop[n*sqlitePage:], uint32(n+1))
	}
	end := len(loop)/sqlitePage - 1
	be.PutUint32(loop[end*sqlitePage:], uint32(end+1))
	// Slots by the thousand of one package.
	slots := makeNDB(named("slot", listing(20000, "/a/", "f")...))
	for i := 32; i < 4096; i += 16 {
		copy(slots[i:i+16], slots[32:48])
	}
	// Sizes as large as there are.
	large := makeNDB(named("x"))
	be.PutUint32(large[4096+12:], math.MaxUint32)
	huge := makeBDB(binary.LittleEndian, named("x"))
	for i := 512; i < 1024-12; i++ {
		if huge[i] == 3 && huge[i+1] == 0 {
			binary.LittleEndian.PutUint32(huge[i+8:], math.MaxInt32)
		}
	}
	return map[string][]byte{
		"folder": makeNDB(folder, folder, folder, folder), "strings": makeNDB(nul), "tags": makeNDB(all), "rows": rows, "circle": circle,
		"loop": loop, "slots": slots, "large": large, "huge": huge,
	}
}

func TestHostileDatabasesAreBounded(t *testing.T) {
	for name, db := range bombs() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		files := 0
		err := rpmdb.Read(source(db), rpmdb.Source{}, func(p rpmdb.Package) { files += len(p.Files) })
		runtime.ReadMemStats(&after)
		if grown := int64(after.Sys) - int64(before.Sys); grown > 1<<30 {
			t.Errorf("%s: takes %d MB", name, grown>>20)
		}
		if err == nil && name != "tags" {
			t.Errorf("%s: %d files and no error", name, files)
		}
		t.Logf("%s: %d bytes, %d files, %v", name, len(db), files, err)
	}
}

func FuzzRPMDatabase(f *testing.F) {
	for _, form := range forms() {
		f.Add(form(named("a", listing(3, "/usr/", "f")...), named("b", listing(30, "/", "f")...)), []byte(nil))
	}
	f.Add([]byte(nil), makeLog(makeSQLite(named("logged"))))
	f.Fuzz(func(t *testing.T, db, wal []byte) {
		err := rpmdb.Read(source(db), source(wal), func(p rpmdb.Package) {
			if p.Name == "" || p.Version == "" || p.Release == "" {
				t.Errorf("package %+v", p)
			}
			for _, file := range p.Files {
				if len(file.Path) > 4096 || len(file.Digest) > 128 {
					t.Errorf("file %+v", file)
				}
			}
		})
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
