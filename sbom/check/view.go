package check

import "slices"

// view is what the tables of minimum elements ask of a document, whatever its format.
type view struct {
	format, name         string
	files, relationships int
	components           []component

	// authors are people and organizations who made the document.
	authors []party
	tools   []tool
	created string
	// context is the phase that the document tells of: "build".
	context string
	// id of the document, if it has one that is unique.
	id string
	// described: the document says what it is about.
	described bool
}

// party is a person or an organization.
type party struct {
	name         string
	organization bool
	// reachable: an email address or a URL is known.
	reachable bool
}

// tool is what made a document.
type tool struct{ name, version string }

// component is a package of a document.
type component struct {
	id, name, version string
	// supplier is who distributes it, producer who made it.
	supplier, producer party
	// identified by a purl, CPE name or the like; purl: by a purl.
	identified, purl bool
	// hashes are algorithms, as [algorithm] has them.
	hashes []string
	// declared and concluded licences; empty when nothing is asserted. licenceWritten:
	// both are there, if only to say that they are not known.
	declared, concluded string
	licenceWritten      bool
	// related to another component, or by the document's own relationship.
	related bool
	// enumerated: the list of what it depends on or holds is said to be complete,
	// incomplete or not known.
	enumerated bool
	// download location and copyright text are written; code: it has a verification code.
	download, copyrighted, code bool
	// artifact is the file that it is delivered as.
	artifact artifact
}

// artifact is a file that a component is delivered as.
type artifact struct {
	name   string
	sha512 bool
	// executable, archive and structured are told of it.
	executable, archive, structured bool
}

// reach are the ids that some lead to, themselves included.
func reach(from []string, leads map[string][]string) map[string]bool {
	in := map[string]bool{}
	for next := slices.Clone(from); len(next) > 0; {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if !in[id] {
			in[id] = true
			next = append(next, leads[id]...)
		}
	}
	return in
}
