// Package roots reads certificates of authorities that an operator gives, for the
// recorder of a step's network to trust beside those that the step's container has.
//
//	set, err := roots.Read("/etc/sworn/roots")
//	set.AddTo(pool)
//
// They are public certificates in PEM (RFC 7468). Anything else in a file is refused: a
// private key, a block that is broken, a certificate that cannot be read, and more than
// anybody needs.
package roots
