package main

import "fmt"

// databases are those of which packages may be missing.
func (w *why) databases() []whyDatabase {
	var out []whyDatabase
	for _, d := range w.contents.Databases {
		out = append(out, whyDatabase{d, w.hop(d.Step, "")})
	}
	return out
}

// text says what is wrong with a package database, and since when.
func (d *whyDatabase) text() string {
	since := d.Step
	if h := d.Since; h != nil && !isMaterial(h.Kind) {
		since = fmt.Sprintf("%s (%s: %s)", h.ID, linesText(h.Lines), oneLine(h.What, commandWidth))
	}
	if d.Removed {
		return fmt.Sprintf("the package database %s is gone since %s", string(d.Path), since)
	}
	return fmt.Sprintf("the package database %s cannot be read, or not all of it, since %s: %s", string(d.Path), since, d.Reason)
}

// unlistedBy is the step since which no database tells of a package that the image has; nil
// of one that a database tells of.
func (w *why) unlistedBy(purl string) *hop {
	for id := stateOf(w.image); w.steps[id] != nil; id = stateOf(w.steps[id].Parent) {
		o := &w.steps[id].Outputs
		if listed(o.PackagesLost, purl) {
			return w.hop(id, "")
		}
		if listed(o.PackagesFound, purl) || listed(o.PackagesAdded, purl) {
			return nil
		}
	}
	return nil
}
