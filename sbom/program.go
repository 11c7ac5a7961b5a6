package sbom

import (
	"bytes"
	"slices"
)

// programMarks are what is looked for in ELF programs, and who reads what it marks.
var programMarks = []struct {
	mark string
	read func(f *File, e *Entry) ([]Package, string)
}{
	{goMagic, func(f *File, e *Entry) ([]Package, string) { return readGo(f, e.Path) }},
	{"\x00" + cargoSection + "\x00", func(f *File, e *Entry) ([]Package, string) { return readCargo(f, e.Path) }},
}

// programReader looks for marks in ELF programs.
type programReader struct {
	seen  bool // something was shown
	elf   bool
	found []int // indices of marks, sorted
	// tail is the end of what was shown, shorter than the longest mark.
	tail []byte
}

func (r *programReader) Write(b []byte) (int, error) {
	if !r.seen {
		r.seen, r.elf = true, bytes.HasPrefix(b, []byte("\x7fELF"))
	}
	if !r.elf {
		return len(b), nil
	}
	longest := 0
	for i, m := range programMarks {
		longest = max(longest, len(m.mark))
		if slices.Contains(r.found, i) {
			continue
		}
		mark := []byte(m.mark)
		seam := append(slices.Clone(r.tail), b[:min(len(b), len(mark)-1)]...)
		if bytes.Contains(seam, mark) || bytes.Contains(b, mark) {
			r.found = append(r.found, i)
		}
	}
	end := append(r.tail, b[max(0, len(b)-longest+1):]...)
	r.tail = slices.Clone(end[max(0, len(end)-longest+1):])
	return len(b), nil
}

func (r *programReader) manifest(e *Entry, f *File) (Manifest, bool) {
	slices.Sort(r.found)
	m := Manifest{Path: e.Path}
	for _, i := range r.found {
		ps, unread := programMarks[i].read(f, e)
		m.Packages = append(m.Packages, ps...)
		if unread != "" {
			m.Unread = unread
		}
	}
	if len(m.Packages) > 0 {
		m.Packages = tidy(m.Packages)
	}
	return m, len(m.Packages) > 0 || m.Unread != ""
}
