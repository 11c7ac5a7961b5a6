// Package arrows holds the directions in which Sworn's packages may import each
// other. It has no code, only a test: frontend -> llb, step, sbom, provenance; llb
// knows nothing of sbom or provenance; sbom and provenance meet in frontend and cmd
// alone; step imports nothing but the standard library.
//
// To add an arrow, change the table in the test and the design in docs/.
package arrows
