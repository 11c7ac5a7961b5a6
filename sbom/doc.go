// Package sbom says what a file system holds: its entries ([Walk]), what a step
// changed in it ([Compare]), its packages and the files they own ([Load],
// [Inventory]), which step each file came from ([Ledger]) and the whole as SPDX
// 2.3 ([Document]).
//
// A file system is hostile input. It is read through one descriptor per folder,
// symlinks are never followed except those of package databases, which are
// resolved inside the tree, and nothing but regular files is opened.
//
// It reads the databases of dpkg, apk and rpm. Others are named in
// [Inventory].Unread, never passed over in silence. It knows nothing of
// provenance or of the network.
//
//	t, err := sbom.OpenTree("/in/state/1")
//	inv, err := sbom.Load(t)
//	owners := inv.Owners()
//	purl, ok := owners.Of("/usr/bin/curl", false)
package sbom
