package sbom

import "slices"

// licences writes each expression and each text once, and which packages have it.
func (d *document3) licences() {
	var expressions []string
	for _, p := range d.named() {
		s := d.img.spdxPackage(p)
		expressions = append(expressions, s.LicenseDeclared, s.LicenseConcluded)
	}
	slices.Sort(expressions)
	for _, e := range slices.Compact(expressions) {
		if e != noAssertion && e != dataLicence {
			d.licence(e)
		}
	}
	for _, l := range d.img.Installed.Licences {
		d.begin("simplelicensing_SimpleLicensingText", l.ID)
		d.text("name", l.Name)
		d.text("simplelicensing_licenseText", l.Text)
		d.end()
	}
	for _, p := range d.named() {
		s := d.img.spdxPackage(p)
		d.relate(packageID(p), "hasDeclaredLicense", "", licence3(s.LicenseDeclared))
		d.relate(packageID(p), "hasConcludedLicense", "", licence3(s.LicenseConcluded))
	}
}

// licence writes an expression, and where the texts of its own licences are.
func (d *document3) licence(expression string) {
	d.begin("simplelicensing_LicenseExpression", licence3(expression))
	d.text("simplelicensing_licenseExpression", expression)
	refs := licenceRefs(expression)
	slices.Sort(refs)
	refs = slices.Compact(refs)
	d.list("simplelicensing_customIdToUri", len(refs), func(i int) {
		d.f.Literal(`{"type":"DictionaryEntry","key":`)
		d.f.Text("", &refs[i])
		d.ref("value", refs[i])
		d.f.Literal("}")
	})
	d.end()
}

func licence3(expression string) string {
	if expression == noAssertion {
		return noLicence3
	}
	return "License-" + shortHash(expression)
}
