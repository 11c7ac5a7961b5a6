// Command report makes docs/performance.md and its plots of what hack/bench
// measured. The same results give the same bytes; a test fails when the committed
// page is another one.
//
//	go run ./hack/bench/report -results docs/performance/results.json -out docs
package main

//go:generate go run . -results ../../../docs/performance/results.json -before ../../../docs/performance/before.json -out ../../../docs
