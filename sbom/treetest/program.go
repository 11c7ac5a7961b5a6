package treetest

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
)

// GoProgram returns an ELF program that holds nothing but build information as Go's
// linker writes it: the compiler's version and lines as `go version -m` prints them,
// fields separated by tabs.
func GoProgram(version, modules string) []byte {
	const (
		mark = "\xff Go buildinf:"
		// sentinel stands on both sides of the modules; what it is does not matter.
		sentinel = "0123456789abcdef"
	)
	info := []byte(mark + "\x08\x02") // pointers of 8 bytes, strings inline
	info = append(info, make([]byte, 32-len(info))...)
	if modules != "" {
		modules = sentinel + modules + sentinel
	}
	for _, s := range []string{version, modules} {
		info = binary.AppendUvarint(info, uint64(len(s)))
		info = append(info, s...)
	}
	return program(".go.buildinfo", info)
}

// CargoProgram returns an ELF program that holds nothing but a list of crates as
// cargo-auditable writes it, JSON packed by zlib.
func CargoProgram(list string) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write([]byte(list)) // no error on a buffer
	z.Close()
	return program(".dep-v0", packed.Bytes())
}

// program returns an ELF program with one section.
func program(section string, data []byte) []byte {
	const at = 0x400000 // where it is loaded
	names := "\x00" + section + "\x00.shstrtab\x00"
	var h elf.Header64
	var p elf.Prog64
	var s elf.Section64
	head, prog := binary.Size(h), binary.Size(p)
	start := (head + prog + 15) / 16 * 16
	copy(h.Ident[:], []byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)})
	h.Type, h.Machine, h.Version = uint16(elf.ET_EXEC), uint16(elf.EM_X86_64), uint32(elf.EV_CURRENT)
	h.Ehsize, h.Phoff, h.Phentsize, h.Phnum = uint16(head), uint64(head), uint16(prog), 1
	h.Shoff, h.Shentsize, h.Shnum, h.Shstrndx = uint64(start+len(data)+len(names)), uint16(binary.Size(s)), 3, 2
	size := uint64(len(data))
	p = elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: uint64(start), Vaddr: at, Filesz: size, Memsz: size}
	var out bytes.Buffer
	put := func(v any) { binary.Write(&out, binary.LittleEndian, v) } // no error on a buffer
	put(h)
	put(p)
	put(make([]byte, start-out.Len()))
	put(data)
	put([]byte(names))
	put(s)
	put(elf.Section64{Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_WRITE), Addr: at, Off: uint64(start), Size: size})
	put(elf.Section64{Name: uint32(len(section) + 2), Type: uint32(elf.SHT_STRTAB), Off: uint64(start + len(data)), Size: uint64(len(names))})
	return out.Bytes()
}
