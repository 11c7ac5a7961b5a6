package main

import (
	"fmt"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step/canon"
)

// The forms of evidence: what encoding/json makes of its types. Reading those of a
// hundred thousand files through reflection took a third of assemble's time.

func (e *evidence) form(f *canon.Form) {
	if canon.Int(f, `{"version":`, &e.Version); e.Version != evidenceVersion {
		f.Fail(fmt.Errorf("version %d, want %d", e.Version, evidenceVersion))
	}
	if f.Has(`,"delta":`, e.Delta != nil) {
		made(&e.Delta).form(f)
	}
	if f.Has(`,"tree":`, e.Tree != nil) {
		made(&e.Tree).form(f)
	}
	f.Literal("}")
}

// made returns what a pointer points to, which is made when it is nil.
func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

func (t *tree) form(f *canon.Form) {
	f.Value(`{"digest":`, &t.Digest)
	canon.Int(f, `,"files":`, &t.Files)
	canon.Int(f, `,"bytes":`, &t.Bytes)
	f.Literal(`,"base":`)
	made(&t.Base).form(f)
	f.Literal("}")
}

func (d *described) form(f *canon.Form) {
	f.Bool(`{"base":`, &d.Base)
	canon.List(f, `,"added":`, &d.Added, entryForm)
	canon.List(f, `,"changed":`, &d.Changed, entryForm)
	canon.Paths(f, `,"removed":`, &d.Removed)
	f.Value(`,"packagesAdded":`, &d.PackagesAdded)
	f.Value(`,"packagesRemoved":`, &d.PackagesRemoved)
	if f.Has(`,"inventory":`, d.Inventory != nil) {
		inventoryForm(f, made(&d.Inventory))
	}
	if f.Has(`,"manifests":`, len(d.Manifests) > 0) {
		canon.List(f, "", &d.Manifests, manifestForm)
	}
	if f.Has(`,"md5":`, len(d.MD5) > 0) {
		canon.List(f, "", &d.MD5, md5Form)
	}
	if f.Has(`,"record":`, d.Record != nil) {
		made(&d.Record).form(f)
	}
	f.Literal("}")
}

func entryForm(f *canon.Form, e *sbom.Entry) {
	f.Path(`{"path":`, &e.Path)
	f.Text(`,"type":`, &e.Type)
	f.Text(`,"mode":`, &e.Mode)
	canon.Int(f, `,"uid":`, &e.UID)
	canon.Int(f, `,"gid":`, &e.GID)
	canon.OptInt(f, `,"size":`, &e.Size)
	f.OptText(`,"sha256":`, &e.SHA256)
	f.OptText(`,"sha1":`, &e.SHA1)
	f.OptPath(`,"target":`, &e.Target)
	f.OptText(`,"device":`, &e.Device)
	f.OptText(`,"capability":`, &e.Capability)
	f.OptText(`,"package":`, &e.Package)
	f.OptText(`,"inode":`, &e.Inode)
	f.Literal("}")
}

func (l *ledger) form(f *canon.Form) {
	if canon.Int(f, `{"version":`, &l.Version); l.Version != ledgerVersion {
		f.Fail(fmt.Errorf("version %d, want %d", l.Version, ledgerVersion))
	}
	canon.List(f, `,"entries":`, &l.Entries, entryForm)
	canon.Paths(f, `,"removed":`, &l.Removed)
	f.Literal("}")
}

func inventoryForm(f *canon.Form, inv *sbom.Inventory) {
	f.Value(`{"distro":`, &inv.Distro)
	canon.List(f, `,"packages":`, &inv.Packages, packageForm)
	licencesForm(f, &inv.Licences)
	if f.Has(`,"databases":`, len(inv.Databases) > 0) {
		canon.List(f, "", &inv.Databases, databaseForm)
	}
	if f.Has(`,"gone":`, len(inv.Gone) > 0) {
		canon.List(f, "", &inv.Gone, databaseForm)
	}
	if f.Has(`,"lost":`, len(inv.Lost) > 0) {
		canon.List(f, "", &inv.Lost, lostForm)
	}
	if f.Has(`,"unread":`, len(inv.Unread) > 0) {
		f.Value("", &inv.Unread)
	}
	f.Literal("}")
}

func databaseForm(f *canon.Form, d *sbom.Database) {
	f.Text(`{"type":`, &d.Type)
	f.Path(`,"path":`, &d.Path)
	f.OptText(`,"reason":`, &d.Reason)
	f.Literal("}")
}

func lostForm(f *canon.Form, l *sbom.Lost) {
	f.Literal(`{"package":`)
	packageForm(f, &l.Package)
	f.Text(`,"cause":`, &l.Cause)
	if f.Has(`,"left":`, len(l.Left) > 0) {
		canon.Paths(f, "", &l.Left)
	}
	f.OptTrue(`,"rewritten":`, &l.Rewritten)
	f.Literal("}")
}

func manifestForm(f *canon.Form, m *sbom.Manifest) {
	f.Path(`{"path":`, &m.Path)
	if f.Has(`,"packages":`, len(m.Packages) > 0) {
		canon.List(f, "", &m.Packages, packageForm)
	}
	licencesForm(f, &m.Licences)
	f.OptText(`,"unread":`, &m.Unread)
	f.Literal("}")
}

func licencesForm(f *canon.Form, ls *[]sbom.ExtractedLicence) {
	if f.Has(`,"licences":`, len(*ls) > 0) {
		canon.List(f, "", ls, licenceForm)
	}
}

func licenceForm(f *canon.Form, l *sbom.ExtractedLicence) {
	f.Text(`{"id":`, &l.ID)
	f.Text(`,"name":`, &l.Name)
	f.Text(`,"text":`, &l.Text)
	f.Literal("}")
}

func packageForm(f *canon.Form, p *sbom.Package) {
	f.Text(`{"purl":`, &p.PURL)
	f.Text(`,"type":`, &p.Type)
	f.Text(`,"name":`, &p.Name)
	f.Text(`,"version":`, &p.Version)
	f.OptText(`,"arch":`, &p.Arch)
	f.OptText(`,"source":`, &p.Source)
	f.OptText(`,"sourceVersion":`, &p.SourceVersion)
	f.OptText(`,"maintainer":`, &p.Maintainer)
	f.OptText(`,"originator":`, &p.Originator)
	f.OptText(`,"homepage":`, &p.Homepage)
	f.OptText(`,"licence":`, &p.Licence)
	f.OptText(`,"declared":`, &p.Declared)
	f.OptText(`,"concluded":`, &p.Concluded)
	if f.Has(`,"cpes":`, len(p.CPEs) > 0) {
		f.Value("", &p.CPEs)
	}
	if f.Has(`,"files":`, len(p.Files) > 0) {
		canon.Paths(f, "", &p.Files)
	}
	if f.Has(`,"sums":`, len(p.Sums) > 0) {
		canon.List(f, "", &p.Sums, sumForm)
	}
	f.Literal("}")
}

func sumForm(f *canon.Form, s *sbom.Sum) {
	f.Path(`{"path":`, &s.Path)
	f.Text(`,"algorithm":`, &s.Algorithm)
	f.Text(`,"value":`, &s.Value)
	f.OptTrue(`,"conffile":`, &s.Conffile)
	f.OptTrue(`,"optional":`, &s.Optional)
	f.Literal("}")
}

func md5Form(f *canon.Form, m *sbom.FileMD5) {
	f.Path(`{"path":`, &m.Path)
	f.Text(`,"md5":`, &m.MD5)
	f.Literal("}")
}

func (r *record) form(f *canon.Form) {
	f.Value(`{"command":`, &r.Command)
	canon.Int(f, `,"exit":`, &r.Exit)
	f.Value(`,"process":`, &r.Process)
	f.Value(`,"sandbox":`, &r.Sandbox)
	if f.Has(`,"network":`, r.Network != nil) {
		f.Value("", made(&r.Network))
	}
	f.Literal(`,"inputs":`)
	r.Inputs.Form(f)
	if f.Has(`,"packages":`, len(r.Packages) > 0) {
		canon.List(f, "", &r.Packages, readPackageForm)
	}
	if f.Has(`,"taken":`, len(r.Taken) > 0) {
		canon.List(f, "", &r.Taken, entryForm)
	}
	f.Literal("}")
}

func readPackageForm(f *canon.Form, p *readPackage) {
	f.Bool(`{"program":`, &p.Program)
	f.Literal(`,"package":`)
	packageForm(f, &p.Package)
	f.Literal("}")
}
