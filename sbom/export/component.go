package export

import (
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
)

type (
	file = v2_3.File
	pack = v2_3.Package
)

// components are the packages but for the one that the document is about, and files, each
// in its package.
func (c *converter) components() []cdx.Component {
	out := []cdx.Component{}
	for _, p := range c.doc.Packages {
		if len(c.described) == 0 || string(p.PackageSPDXIdentifier) != c.described[0] {
			out = append(out, c.component(p))
		}
	}
	for _, f := range c.files[""] {
		out = append(out, fileComponent(f))
	}
	return out
}

func (c *converter) component(p *pack) cdx.Component {
	id := string(p.PackageSPDXIdentifier)
	out := cdx.Component{
		BOMRef: ref(id), Type: componentType(p), Name: p.PackageName, Version: p.PackageVersion,
		Description: p.PackageSummary, Hashes: hashes(p.PackageChecksums), Licenses: c.licences(p),
	}
	if c.excluded[id] {
		out.Scope = cdx.ScopeExcluded
	}
	if asserted(p.PackageCopyrightText) {
		out.Copyright = p.PackageCopyrightText
	}
	if s := p.PackageSupplier; s != nil && asserted(s.Supplier) {
		out.Supplier = organization(s.Supplier)
	}
	if o := p.PackageOriginator; o != nil && asserted(o.Originator) {
		out.Manufacturer = organization(o.Originator)
	}
	for _, r := range p.PackageExternalReferences {
		switch {
		case r.RefType == common.TypePackageManagerPURL && out.PackageURL == "":
			out.PackageURL = r.Locator
		case (r.RefType == common.TypeSecurityCPE23Type || r.RefType == common.TypeSecurityCPE22Type) && out.CPE == "":
			out.CPE = r.Locator
		}
	}
	out.ExternalReferences = references(p)
	out.Properties = c.packageProperties(p)
	if files := c.files[id]; len(files) > 0 {
		in := make([]cdx.Component, 0, len(files))
		for _, f := range files {
			in = append(in, fileComponent(f))
		}
		out.Components = &in
	}
	return out
}

// componentType is what a package is for; what is not told is a library when it is of a
// package manager.
func componentType(p *pack) cdx.ComponentType {
	switch p.PrimaryPackagePurpose {
	case "APPLICATION":
		return cdx.ComponentTypeApplication
	case "FRAMEWORK":
		return cdx.ComponentTypeFramework
	case "CONTAINER":
		return cdx.ComponentTypeContainer
	case "OPERATING-SYSTEM", "OPERATING_SYSTEM":
		return cdx.ComponentTypeOS
	case "DEVICE":
		return cdx.ComponentTypeDevice
	case "FIRMWARE":
		return cdx.ComponentTypeFirmware
	case "FILE", "ARCHIVE", "SOURCE":
		return cdx.ComponentTypeFile
	}
	if len(p.PackageExternalReferences) == 0 && p.PrimaryPackagePurpose != "LIBRARY" {
		return cdx.ComponentTypeData
	}
	return cdx.ComponentTypeLibrary
}

func fileComponent(f *file) cdx.Component {
	out := cdx.Component{
		BOMRef: ref(string(f.FileSPDXIdentifier)), Type: cdx.ComponentTypeFile, Name: strings.TrimPrefix(f.FileName, "."),
		Hashes: hashes(f.Checksums),
	}
	if f.FileComment != "" {
		out.Properties = &[]cdx.Property{{Name: "spdx:comment", Value: f.FileComment}}
	}
	return out
}

func hashes(sums []common.Checksum) *[]cdx.Hash {
	var out []cdx.Hash
	for _, s := range sums {
		if name := hashName(string(s.Algorithm)); name != "" {
			out = append(out, cdx.Hash{Algorithm: name, Value: s.Value})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return &out
}

// hashName is an algorithm of SPDX as CycloneDX writes it; empty of those that it has not.
func hashName(algorithm string) cdx.HashAlgorithm {
	switch algorithm {
	case "SHA1", "SHA256", "SHA384", "SHA512":
		return cdx.HashAlgorithm("SHA-" + algorithm[3:])
	case "MD5", "SHA3-256", "SHA3-384", "SHA3-512", "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3":
		return cdx.HashAlgorithm(algorithm)
	}
	return ""
}

// licences has room for one expression: the concluded one, or else the declared. A licence
// of its own is named with its text.
func (c *converter) licences(p *pack) *cdx.Licenses {
	expression, acknowledged := p.PackageLicenseConcluded, cdx.LicenseAcknowledgementConcluded
	if !asserted(expression) {
		expression, acknowledged = p.PackageLicenseDeclared, cdx.LicenseAcknowledgementDeclared
	}
	if !asserted(expression) {
		return nil
	}
	if text, own := c.texts[expression]; own {
		return &cdx.Licenses{{License: &cdx.License{Name: expression, Acknowledgement: acknowledged, Text: &cdx.AttachedText{Content: text}}}}
	}
	return &cdx.Licenses{{Expression: expression, Acknowledgement: &acknowledged}}
}

func references(p *pack) *[]cdx.ExternalReference {
	var out []cdx.ExternalReference
	if asserted(p.PackageDownloadLocation) {
		out = append(out, cdx.ExternalReference{Type: cdx.ERTypeDistribution, URL: p.PackageDownloadLocation, Hashes: hashes(p.PackageChecksums)})
	}
	if asserted(p.PackageHomePage) {
		out = append(out, cdx.ExternalReference{Type: cdx.ERTypeWebsite, URL: p.PackageHomePage})
	}
	if len(out) == 0 {
		return nil
	}
	return &out
}

// packageProperties keep what a component has no field for.
func (c *converter) packageProperties(p *pack) *[]cdx.Property {
	var out []cdx.Property
	add := func(name, value string) {
		if value != "" {
			out = append(out, cdx.Property{Name: name, Value: value})
		}
	}
	add("spdx:comment", p.PackageComment)
	add("spdx:sourceInfo", p.PackageSourceInfo)
	add("spdx:licenseComments", p.PackageLicenseComments)
	if asserted(p.PackageLicenseConcluded) && asserted(p.PackageLicenseDeclared) && p.PackageLicenseConcluded != p.PackageLicenseDeclared {
		add("spdx:licenseDeclared", p.PackageLicenseDeclared)
	}
	if p.PackageVerificationCode != nil {
		add("spdx:packageVerificationCode", p.PackageVerificationCode.Value)
	}
	add("bsi:component:filename", p.PackageFileName)
	if len(out) == 0 {
		return nil
	}
	return &out
}

func asserted(s string) bool { return s != "" && s != "NOASSERTION" && s != "NONE" }

// nameAndEmail splits "NAME (EMAIL)".
func nameAndEmail(s string) (name, email string) {
	if i := strings.LastIndex(s, " ("); i > 0 && strings.HasSuffix(s, ")") {
		return s[:i], s[i+2 : len(s)-1]
	}
	return s, ""
}

func organization(s string) *cdx.OrganizationalEntity {
	name, contact := nameAndEmail(s)
	out := &cdx.OrganizationalEntity{Name: name}
	switch {
	case strings.Contains(contact, "://"):
		out.URL = &[]string{contact}
	case contact != "":
		out.Contact = &[]cdx.OrganizationalContact{{Email: contact}}
	}
	return out
}
