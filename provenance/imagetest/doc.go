// Package imagetest makes images in memory as BuildKit exports them: an index
// with a manifest for each platform and an attestation manifest beside it. Tests
// push them to a registry or write them as OCI layouts.
//
// The layers are real tar streams with whiteouts, hard links and nodes; what they
// make together is written down by hand, not computed.
//
//	img := imagetest.New(t, imagetest.Options{})
//	desc := img.Push(t, "127.0.0.1:5000/app:1")
package imagetest
