// Package check says whether a software bill of materials is valid and which minimum
// elements it lacks. It reads SPDX 2.2 and 2.3 in JSON, SPDX 3.0.1 in JSON-LD and CycloneDX
// 1.4 to 1.6 in JSON, whoever made them.
//
// The rules ([Rules]) are its own: required fields, types, ids, what they point to,
// checksums, verification codes, dates, licence expressions. It needs no schema file and
// no network. A document is hostile input: its size, nesting and number of values are
// bounded, and what is wrong with it is a finding, never an error or a panic.
//
//	r := check.Document(b)
//	if !r.Valid {
//		fmt.Println(r.Findings[0].Rule, r.Findings[0].Where[0].Message)
//	}
package check
