package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sworn-build/sworn/step/canon"
)

// The forms of what holds lists of files: what encoding/json makes of it, without
// reflection.

func (c *Contents) form(f *canon.Form) {
	f.Text(`{"platform":`, &c.Platform)
	canon.List(f, `,"files":`, &c.Files, fileForm)
	f.Value(`,"packages":`, &c.Packages)
	f.Value(`,"origins":`, &c.Origins)
	f.Value(`,"originCounts":`, &c.OriginCounts)
	f.Value(`,"digest":`, &c.Digest)
	if f.Has(`,"databases":`, len(c.Databases) > 0) {
		f.Value("", &c.Databases)
	}
	f.Value(`,"merkleRoot":`, &c.MerkleRoot)
	f.Literal("}")
}

func fileForm(f *canon.Form, file *File) {
	f.Path(`{"path":`, &file.Path)
	f.Text(`,"type":`, &file.Type)
	f.Text(`,"mode":`, &file.Mode)
	canon.Int(f, `,"uid":`, &file.UID)
	canon.Int(f, `,"gid":`, &file.GID)
	canon.OptInt(f, `,"size":`, &file.Size)
	digestForm(f, &file.Digest)
	f.OptPath(`,"target":`, &file.Target)
	f.OptText(`,"device":`, &file.Device)
	f.OptText(`,"capability":`, &file.Capability)
	if f.Has(`,"package":`, file.Package != nil) {
		canon.Int(f, "", file.Package)
	}
	f.Text(`,"step":`, &file.Step)
	canon.Int(f, `,"origin":`, &file.Origin)
	f.OptPath(`,"originPath":`, &file.OriginPath)
	f.Literal("}")
}

func (s *Steps) form(f *canon.Form) {
	f.Text(`{"platform":`, &s.Platform)
	f.Value(`,"options":`, &s.Options)
	f.Value(`,"materials":`, &s.Materials)
	canon.List(f, `,"steps":`, &s.Steps, stepForm)
	f.Text(`,"image":`, &s.Image)
	f.Literal("}")
}

// stepForm writes a step: its inputs and outputs, which hold the lists of files, are
// its last fields.
func stepForm(f *canon.Form, s *Step) {
	small := *s
	small.Inputs, small.Outputs = nil, Outputs{}
	b, err := json.Marshal(small)
	const end = `,"outputs":{"digest":null,"added":null,"changed":null,"removed":null,"packagesAdded":null,"packagesRemoved":null}}`
	b, ok := bytes.CutSuffix(b, []byte(end))
	if !ok {
		err = errors.Join(err, fmt.Errorf("step %q: it does not end in its outputs", s.ID))
	}
	f.Fail(err)
	f.Literal(string(b))
	if f.Has(`,"inputs":`, s.Inputs != nil) {
		s.Inputs.Form(f)
	}
	f.Literal(`,"outputs":`)
	s.Outputs.form(f)
	f.Literal("}")
}

func (o *Outputs) form(f *canon.Form) {
	f.Value(`{"digest":`, &o.Digest)
	canon.List(f, `,"added":`, &o.Added, fileOutputForm)
	canon.List(f, `,"changed":`, &o.Changed, fileOutputForm)
	canon.Paths(f, `,"removed":`, &o.Removed)
	f.Value(`,"packagesAdded":`, &o.PackagesAdded)
	f.Value(`,"packagesRemoved":`, &o.PackagesRemoved)
	if f.Has(`,"packagesLost":`, len(o.PackagesLost) > 0) {
		f.Value("", &o.PackagesLost)
	}
	if f.Has(`,"packagesFound":`, len(o.PackagesFound) > 0) {
		f.Value("", &o.PackagesFound)
	}
	if f.Has(`,"omitted":`, o.Omitted != nil) {
		f.Value("", o.Omitted)
	}
	f.Literal("}")
}

func fileOutputForm(f *canon.Form, o *FileOutput) {
	f.Path(`{"path":`, &o.Path)
	f.Text(`,"type":`, &o.Type)
	f.Text(`,"mode":`, &o.Mode)
	canon.Int(f, `,"uid":`, &o.UID)
	canon.Int(f, `,"gid":`, &o.GID)
	canon.OptInt(f, `,"size":`, &o.Size)
	digestForm(f, &o.Digest)
	f.OptPath(`,"target":`, &o.Target)
	f.OptText(`,"device":`, &o.Device)
	f.OptText(`,"capability":`, &o.Capability)
	f.OptText(`,"package":`, &o.Package)
	f.Literal("}")
}

// Form writes or reads inputs.
func (in *Inputs) Form(f *canon.Form) {
	f.Text(`{"mode":`, &in.Mode)
	f.Bool(`,"complete":`, &in.Complete)
	if f.Has(`,"reasons":`, len(in.Reasons) > 0) {
		f.Value("", &in.Reasons)
	}
	canon.List(f, `,"packages":`, &in.Packages, packageInputForm)
	canon.List(f, `,"files":`, &in.Files, fileInputForm)
	canon.OptInt(f, `,"omittedFiles":`, &in.OmittedFiles)
	f.Literal("}")
}

func packageInputForm(f *canon.Form, p *PackageInput) {
	f.Text(`{"purl":`, &p.PURL)
	canon.Int(f, `,"files":`, &p.Files)
	f.Literal("}")
}

func fileInputForm(f *canon.Form, i *FileInput) {
	f.Path(`{"path":`, &i.Path)
	digestForm(f, &i.Digest)
	canon.Int(f, `,"size":`, &i.Size)
	f.OptTrue(`,"changed":`, &i.Changed)
	f.OptText(`,"package":`, &i.Package)
	f.OptText(`,"mount":`, &i.Mount)
	f.OptTrue(`,"shared":`, &i.Shared)
	f.OptText(`,"reason":`, &i.Reason)
	f.Literal("}")
}

func digestForm(f *canon.Form, d **SHA256) {
	if !f.Has(`,"digest":{"sha256":`, *d != nil) {
		return
	}
	if f.Reads() {
		*d = new(SHA256)
	}
	f.Text("", &(*d).Hex)
	f.Literal("}")
}
