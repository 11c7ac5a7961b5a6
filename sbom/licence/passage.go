package licence

import "iter"

// passage is a text in which patterns are followed, to tell where one may match before it
// reads the text itself.
type passage struct {
	text  string
	words []word
	// left is how many words may still be compared.
	left int
}

// maxCompared bounds the words that are compared of one text, some tens of milliseconds:
// beyond, patterns read all that is near to their signatures.
const maxCompared = 1 << 23

// follow returns the words that may come after parts of a pattern which begin at one of
// some words; none when the parts are not there. Some more may be among them: where there
// are several, all between the first and the last.
func (p *passage) follow(parts iter.Seq[*part], at span) span {
	for part := range parts {
		switch {
		case part.words != nil:
			at = p.said(part, at)
		case part.of != nil:
			at = p.chosen(part, at)
		default:
			at.end += part.any
		}
		at.end = min(at.end, len(p.words)+1)
		if at.start >= at.end {
			return span{}
		}
	}
	return at
}

// each goes through parts.
func each(parts []part) iter.Seq[*part] {
	return func(yield func(*part) bool) {
		for i := range parts {
			if !yield(&parts[i]) {
				return
			}
		}
	}
}

// chosen follows what a part may choose.
func (p *passage) chosen(of *part, at span) span {
	out := span{}
	if of.maybe {
		out = at
	}
	for _, parts := range of.of {
		if got := p.follow(each(parts), at); got.end > 0 {
			if out.end == 0 {
				out = got
			}
			out = span{min(out.start, got.start), max(out.end, got.end)}
		}
	}
	return out
}

// said follows words in a row. Where two words are read as one, a part may end within a
// word.
func (p *passage) said(part *part, at span) span {
	if p.left <= 0 {
		return span{at.start, at.end + len(part.words) + slackOf(len(part.words))}
	}
	out := span{}
	s := spelling{p, part}
	for i := at.start; i < min(at.end, len(p.words)); i++ {
		p.left--
		end := s.at(i)
		if end < 0 {
			continue
		}
		if out.end == 0 {
			out.start = max(0, end-1)
		}
		out.start, out.end = min(out.start, max(0, end-1)), max(out.end, end+2)
	}
	return out
}
