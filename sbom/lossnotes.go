package sbom

import (
	"fmt"

	"github.com/sworn-build/sworn/sbom/wording"
)

// lossNotes say which databases do not tell what is installed, and of how many packages
// what is known is from before a step.
func (in *Installed) lossNotes() []string {
	var notes []string
	for _, b := range in.Broken {
		n := 0
		for _, l := range in.Lost {
			if l.Package.Type == b.Type && (l.Cause == LostRemoved || l.Cause == LostUnread) {
				n++
			}
		}
		missing := "Its packages are missing, as far as it does not tell of them."
		if n > 0 {
			missing = wording.Count(n, "package is listed as it had it", "packages are listed as it had them") + " before, for files may be in the image; what was installed or replaced in that step is not known."
		}
		notes = append(notes, b.text()+". "+missing)
	}
	entries, lists := 0, 0
	for _, l := range in.Lost {
		switch l.Cause {
		case LostEntry:
			entries++
		case LostList:
			lists++
		}
	}
	if entries > 0 {
		notes = append(notes, wording.Count(entries, "package is", "packages are")+" listed whose entries steps took out of a database and whose files they left.")
	}
	if lists > 0 {
		notes = append(notes, "The files of "+wording.Count(lists, "package")+" are those of lists that steps removed.")
	}
	return notes
}

// text says what is wrong with a database.
func (b BrokenDatabase) text() string {
	name, _ := b.Path.MarshalText() // never fails
	if b.Removed {
		return fmt.Sprintf("%s removed the package database %s", b.By, name)
	}
	return fmt.Sprintf("Not read since %s, or not all of it: the package database %s (%s)", b.By, name, b.Reason)
}

// loss says what is not known of a package.
func (in *Installed) loss(purl string) []string {
	i, there := FindLost(in.Lost, purl)
	if !there {
		return nil
	}
	l := in.Lost[i]
	note := "listed as the package database had it before " + l.By
	switch l.Cause {
	case LostRemoved:
		note += " removed the database"
	case LostUnread:
		note += " left the database so that it cannot be read"
	case LostEntry:
		note += " took its entry out"
	case LostList:
		note = "its files are those of the list that " + l.By + " removed"
	}
	if l.Cause != LostList && len(l.Left) > 0 {
		note += "; its files are still there"
	}
	if l.Rewritten {
		note += ", and the step wrote some of them, so it may be another version"
	}
	return []string{note}
}
