// Package licence reads what packages say of their licences: SPDX expressions, the words
// of distributions and registries, Debian's copyright files, and licence texts. It knows
// the ids that SPDX lists.
//
// What a package declares ([Declare], [Copyright]) and what its texts are ([Reader]) stay
// apart. A licence that SPDX does not list becomes a LicenseRef that carries its text;
// what cannot be told stays unknown, never guessed.
//
//	r := licence.NewReader()
//	declared, concluded := r.Copyright(b) // /usr/share/doc/curl/copyright
package licence
