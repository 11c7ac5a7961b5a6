package jar_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/jar"
)

// file is an entry of an archive.
type file struct {
	name, text string
	stored     bool
}

func pom(group, artifact, version string) file {
	return file{name: "META-INF/maven/" + group + "/" + artifact + "/pom.properties", text: "#Created\nversion=" + version + "\r\ngroupId=" + group + "\nartifactId = " + artifact + "\n"}
}

func manifest(fields string) file { return file{name: "META-INF/MANIFEST.MF", text: fields} }

// archive makes a ZIP file.
func archive(t testing.TB, files ...file) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		method := zip.Deflate
		if f.stored {
			method = zip.Store
		}
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err == nil {
			_, err = io.WriteString(e, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const all = 4 << 30

// find returns the packages as GROUP:ARTIFACT:VERSION, those that lie in another with a
// plus sign, and what was not read.
func find(name, b string) (out, unread []string) {
	budget := jar.Budget(all)
	found := jar.Read(strings.NewReader(b), int64(len(b)), name, &budget)
	for _, p := range found.Packages {
		s := p.Group + ":" + p.Artifact + ":" + p.Version
		if p.Inner {
			s += "+"
		}
		out = append(out, s)
	}
	return out, found.Unread
}

func TestPackagesAreToldByTheirDescriptors(t *testing.T) {
	guava := pom("com.google.guava", "guava", "31.1-jre")
	inner := archive(t, guava, file{name: "x.class", text: "x"})
	for _, c := range []struct {
		name, file string
		files      []file
		want       []string
	}{
		{"its own", "guava-31.1-jre.jar", []file{guava}, []string{"com.google.guava:guava:31.1-jre"}},
		{"under another name", "g.jar", []file{guava}, []string{"com.google.guava:guava:31.1-jre"}},
		{"under another name, as its manifest says", "g.jar", []file{guava, manifest("Bundle-SymbolicName: com.google.guava\n")}, []string{"com.google.guava:guava:31.1-jre"}},
		{"under another name, as its title says", "maven3-core.jar", []file{pom("org.apache.maven", "maven-core", "3.8"), manifest("Implementation-Title: Maven Core\n")}, []string{"org.apache.maven:maven-core:3.8"}},
		{"unpacked into what has no descriptor", "inject.jar", []file{guava, manifest("Bundle-SymbolicName: com.google.inject\nBundle-Version: 4.2\n")}, []string{"com.google.guava:guava:31.1-jre+", "com.google:inject:4.2"}},
		{"unpacked into it", "app-1.0.jar", []file{guava, pom("a.b", "app", "1.0"), pom("a.b", "app-core", "1.0")}, []string{"com.google.guava:guava:31.1-jre+", "a.b:app:1.0", "a.b:app-core:1.0+"}},
		{"the longest name", "app-core-1.0.jar", []file{pom("a.b", "app", "1.0"), pom("a.b", "app-core", "1.0")}, []string{"a.b:app:1.0+", "a.b:app-core:1.0"}},
		{"a war", "shop.war", []file{{name: "WEB-INF/lib/guava.jar", text: inner}, {name: "WEB-INF/lib/commons-io-2.11.0.jar", text: archive(t, file{name: "a", text: "a"})}}, []string{"com.google.guava:guava:31.1-jre+", "commons-io:commons-io:2.11.0+"}},
		{"stored in it", "boot-1.jar", []file{{name: "BOOT-INF/lib/guava.jar", text: inner, stored: true}, pom("a.b", "boot", "1")}, []string{"com.google.guava:guava:31.1-jre+", "a.b:boot:1"}},
		{"an ear", "e.ear", []file{{name: "w.war", text: archive(t, file{name: "WEB-INF/lib/guava.JAR", text: inner})}}, []string{"com.google.guava:guava:31.1-jre+"}},
		{"its name", "commons-lang3-3.12.0.jar", nil, []string{"commons-lang3:commons-lang3:3.12.0"}},
		{"a version in its name", "log4j-1.2-api-2.17.1.jar", nil, []string{"log4j-1.2-api:log4j-1.2-api:2.17.1"}},
		{"a version with words", "commons-cli-1.0-beta-2.jar", nil, []string{"commons-cli:commons-cli:1.0-beta-2"}},
		{"a bundle", "org.osgi.core_4.3.1.v2011.jar", []file{manifest("Bundle-SymbolicName: org.osgi.core;singleton:=true\nBundle-License: Apache-2.0\n")}, []string{"org.osgi.core:org.osgi.core:4.3.1.v2011"}},
		{"its manifest", "tool.jar", []file{manifest("Manifest-Version: 1.0\r\nImplementation-Version: 4.13.2 b7\r\nBundle-SymbolicName: org.a.to\r\n ol\r\n\r\nName: x\r\nImplementation-Version: 9\r\n")}, []string{"org.a:tool:4.13.2"}},
		{"nothing", "classes.jar", []file{{name: "a.class", text: "x"}}, nil},
		{"names that were not filled in", "x.jar", []file{pom("${project.groupId}", "a", "1"), pom("a", "b c", "1"), pom("a", "b", "")}, nil},
		{"names that are none", "\n-1.jar", []file{pom("a\x00", "a", "1"), pom("a", "\xff", "1"), pom("..", "a", "1"), pom("a", ".", "1"), pom("a", "b", strings.Repeat("1", 2000))}, nil},
	} {
		got, unread := find(c.file, archive(t, c.files...))
		if d := cmp.Diff(c.want, got); d != "" || len(unread) > 0 {
			t.Errorf("%s (-want +got):\n%s\nunread %q", c.name, d, unread)
		}
	}
}

func TestArchivesBehindAProgramAreRead(t *testing.T) {
	b := archive(t, pom("a.b", "c", "1"), file{name: "lib/d.jar", text: archive(t, pom("a.b", "d", "2")), stored: true})
	for _, before := range []string{"#!/bin/sh\nexec java -jar $0\n", "JM\x01\x00"} {
		got, unread := find("c.jar", before+b)
		if d := cmp.Diff([]string{"a.b:d:2+", "a.b:c:1"}, got); d != "" || len(unread) > 0 {
			t.Errorf("%q (-want +got):\n%s\nunread %q", before, d, unread)
		}
	}
}

// record is an entry of a handmade directory; fields of 0 are those of the bytes.
type record struct {
	name                        string
	data                        []byte
	method                      uint16
	length, crc, packed, offset uint32
}

// handmade writes an archive whose directory says what it is told. All records can share
// the data of the first.
func handmade(share bool, records ...record) string {
	le := binary.LittleEndian
	var out, dir []byte
	for i, r := range records {
		at := uint32(len(out))
		if i == 0 || !share {
			out = append(out, "PK\x03\x04"...)
			out = append(out, make([]byte, 26)...)
			out = append(out, r.data...)
		} else {
			at = 0
		}
		if r.offset != 0 {
			at = r.offset
		}
		if r.packed == 0 {
			r.packed = uint32(len(r.data))
		}
		if r.length == 0 {
			r.length = r.packed
		}
		if r.crc == 0 {
			r.crc = crc32.ChecksumIEEE(r.data)
		}
		h := make([]byte, 46)
		copy(h, "PK\x01\x02")
		le.PutUint16(h[10:], r.method)
		le.PutUint32(h[16:], r.crc)
		le.PutUint32(h[20:], r.packed)
		le.PutUint32(h[24:], r.length)
		le.PutUint16(h[28:], uint16(len(r.name)))
		le.PutUint32(h[42:], at)
		dir = append(append(dir, h...), r.name...)
	}
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	le.PutUint16(end[10:], uint16(len(records)))
	le.PutUint32(end[12:], uint32(len(dir)))
	le.PutUint32(end[16:], uint32(len(out)))
	return string(out) + string(dir) + string(end)
}

// bombs are archives that unpack to far more than they are.
func bombs(t testing.TB) map[string]string {
	size, entries := 100<<20, 1_000_000
	if testing.Short() {
		size, entries = 4<<20, 50_000
	}
	zeros := strings.Repeat("\x00", size)
	zero := archive(t, file{name: "a.jar", text: zeros})
	// 42.zip: sixteen in sixteen in sixteen ...
	tower := archive(t, file{name: "z.jar", text: zeros})
	for range 5 {
		var files []file
		for i := range 16 {
			files = append(files, file{name: fmt.Sprintf("%d.jar", i), text: tower})
		}
		tower = archive(t, files...)
	}
	// Entries that are all the same bytes.
	r, err := zip.NewReader(strings.NewReader(zero), int64(len(zero)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	packed, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	sum := crc32.ChecksumIEEE([]byte(zeros))
	same := make([]record, 10000)
	for i := range same {
		same[i] = record{name: fmt.Sprintf("%d.jar", i), data: packed, method: 8, length: uint32(size), crc: sum}
	}
	many := make([]record, entries)
	for i := range many {
		many[i] = record{name: fmt.Sprintf("%d/pom.properties", i), data: []byte("x"), crc: 1}
	}
	classes := make([]record, entries)
	for i := range classes {
		classes[i] = record{name: fmt.Sprintf("%d.class", i), data: []byte("x"), crc: 1}
	}
	classes[entries-1].name = "a.jar"
	return map[string]string{
		"zeros": zero, "tower": tower, "the same": handmade(true, same...), "a million": handmade(true, many...), "a million classes": handmade(true, classes...),
		"a lying length":           handmade(false, record{name: "a.jar", data: packed, method: 8, length: 10, crc: 1}),
		"a length of 4 GB":         handmade(false, record{name: "a.jar", data: packed, method: 8, length: 1<<32 - 2, crc: 1}),
		"a huge descriptor":        archive(t, file{name: "META-INF/MANIFEST.MF", text: zeros}),
		"an offset behind the end": handmade(false, record{name: "a.jar", data: packed, method: 8, offset: 1<<32 - 2}),
		"packed in another way":    handmade(false, record{name: "a.jar", data: packed, method: 14}),
		"a name of all bytes":      handmade(false, record{name: "\x00\n\xff\u202e.jar", data: []byte("x")}),
		"no archive":               strings.Repeat("PK\x05\x06", 50000), "empty": "", "cut": zero[:len(zero)-30],
	}
}

// heapPeak is by how many bytes the heap was larger while f ran than before, as far as
// looking every millisecond tells.
func heapPeak(f func()) int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, m.HeapAlloc
	done, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	f()
	close(done)
	<-looked
	return int64(peak - before)
}

func TestBombsAreBoundedAndTold(t *testing.T) {
	for name, b := range bombs(t) {
		begin := time.Now()
		budget := jar.Budget(all)
		var found jar.Found
		grown := heapPeak(func() { found = jar.Read(strings.NewReader(b), int64(len(b)), "bomb.jar", &budget) })
		took := time.Since(begin)
		t.Logf("%s: %d bytes, %v, %d MB, budget %d MB, %.200q", name, len(b), took.Round(time.Millisecond), grown>>20, (all-budget)>>20, found.Unread)
		if len(found.Packages) > 0 || len(found.Unread) == 0 || len(found.Unread) > 6 {
			t.Errorf("%s: packages %v, unread %q", name, found.Packages, found.Unread)
		}
		if grown > 768<<20 {
			t.Errorf("%s: takes %d MB", name, grown>>20)
		}
		if budget < all-(1<<30)-1 {
			t.Errorf("%s: takes %d bytes of the budget", name, all-budget)
		}
	}
	if _, unread := find("\n.jar", "x"); len(unread) != 1 || strings.ContainsAny(unread[0], "\n") {
		t.Errorf("unread %q", unread)
	}
}

func FuzzJavaArchive(f *testing.F) {
	f.Add([]byte(archive(f, pom("a.b", "c", "1"), file{name: "lib/d.jar", text: archive(f, pom("a.b", "d", "2")), stored: true})))
	f.Add([]byte(archive(f, manifest("Implementation-Version: 1\n a\n"), file{name: "lib/d-2.jar", text: archive(f)})))
	f.Add([]byte(handmade(true, record{name: "a.jar", data: []byte("x")}, record{name: "META-INF/MANIFEST.MF", length: 5})))
	f.Fuzz(func(t *testing.T, b []byte) {
		budget := jar.Budget(64 << 20)
		found := jar.Read(bytes.NewReader(b), int64(len(b)), "fuzz.jar", &budget)
		for _, p := range found.Packages {
			for _, s := range []string{p.Group, p.Artifact, p.Version} {
				if s == "" || strings.ContainsAny(s, " \n\x00/:@?") {
					t.Errorf("package %+v", p)
				}
			}
			if strings.ContainsAny(p.Licence+p.Homepage+p.Vendor, "\n\x00") {
				t.Errorf("package %+v", p)
			}
		}
	})
}
