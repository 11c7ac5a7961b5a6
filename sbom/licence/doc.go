// Package licence reads SPDX licence expressions and knows the ids that SPDX lists. It has
// no texts and makes no judgement.
//
//	e, ok := licence.Parse("MIT AND GPL-2.0-only WITH Linux-syscall-note")
//	ok = ok && e.Each(func(e licence.Expression) bool { return licence.Listed(e.ID) })
package licence
