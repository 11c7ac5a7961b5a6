package check

import "strings"

// listedWord reports whether a list, of words with white space around each, has a word.
func listedWord(list, word string) bool {
	return word != "" && !strings.ContainsAny(word, " \t\n") &&
		(strings.Contains(list, " "+word+" ") || strings.Contains(list, "\n"+word+" ") || strings.Contains(list, " "+word+"\n"))
}
