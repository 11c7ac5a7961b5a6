package main

import (
	"strconv"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// ranOffRecord says why what a command made is not on record; empty when all of it is
// that it can have been made of.
func (o *origins) ranOffRecord(s step.Step) string {
	gap, ok := o.gaps[s.ID]
	if ok {
		return gap
	}
	d := o.delta(s.Evidence)
	switch {
	case d == nil || d.Record == nil:
		gap = at(s) + " ran without a record: " + s.Unobserved
	case !d.Record.Inputs.Complete:
		gap = "not all that " + at(s) + " read is on record"
		if why := d.Record.Inputs.Reasons; len(why) > 0 {
			gap += ": " + why[0]
		}
	case !network(s.Exec, d).Complete && d.Record.Network == nil:
		gap = "the network of " + at(s) + " was not recorded, network=record does"
	case !network(s.Exec, d).Complete:
		gap = "not all that " + at(s) + " did on the network is on record"
		if why := network(s.Exec, d).Reasons; len(why) > 0 {
			gap += ": " + why[0]
		}
	default:
		for _, f := range d.Record.Inputs.Files {
			if gap = o.readOffRecord(s, f); gap != "" {
				break
			}
		}
	}
	o.gaps[s.ID] = gap
	return gap
}

// readOffRecord says what is not on record of a file that a command read.
func (o *origins) readOffRecord(s step.Step, f provenance.FileInput) string {
	read := at(s) + " read " + printable(f.Path)
	if f.Mount != "" {
		m, ok := mountAt(s, f.Mount)
		switch {
		case !ok:
			return read + " in a mount that the plan does not have"
		case m.Type == step.MountCache:
			return read + " in a cache mount, which other builds write to"
		case o.steps[m.From].ID == "":
			return "" // of a source, or made for the command alone
		case f.Digest.String() == "":
			return read + ", whose bytes are not on record"
		}
		if h, ok := o.inputFile(s, f); ok {
			return o.trace(h).Reason
		}
		if t, ok := o.byDigest(o.reach.of(m.From), f.Digest.String()); ok {
			return t.Reason
		}
		return ""
	}
	before := o.layer(s.Parent)
	if _, made := o.steps[s.Parent]; made && before == nil {
		return read + " of a step without evidence"
	}
	h, ok := before.at(f.Path)
	if !ok || h.Type != sbom.TypeFile {
		return "" // of the source that the state begins with
	}
	return o.trace(h).Reason
}

// at names a step for a user.
func at(s step.Step) string {
	if len(s.Lines) > 0 {
		return "line " + strconv.Itoa(s.Lines[0].Start)
	}
	return s.Name
}
