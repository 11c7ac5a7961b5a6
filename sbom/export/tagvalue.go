package export

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/spdx/tools-golang/spdx/v2/v2_3/tagvalue/writer"
)

// TagValue writes a document as tag-value
// (https://spdx.github.io/spdx-spec/v2.3/conformance/#44-standard-data-format-requirements).
// It changes doc: a value that must be on one line has \xNN in place of control characters,
// as paths have of other bytes, and the marks of a text are broken in texts.
func TagValue(w io.Writer, doc *Document) error {
	plain(reflect.ValueOf(doc).Elem(), false)
	b := bufio.NewWriter(w)
	if err := writer.RenderDocument(doc, b); err != nil {
		return fmt.Errorf("write tag-value: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write tag-value: %w", err)
	}
	return nil
}

// isText reports whether a field may have several lines, between <text> and </text>.
func isText(field string) bool {
	switch field {
	case "DocumentComment", "CreatorComment", "PackageSourceInfo", "PackageLicenseComments", "PackageCopyrightText",
		"PackageSummary", "PackageDescription", "PackageComment", "ExternalRefComment", "PackageAttributionTexts",
		"LicenseComments", "FileCopyrightText", "FileComment", "FileNotice", "FileAttributionTexts", "ExtractedText",
		"LicenseComment", "RelationshipComment", "AnnotationComment":
		return true
	}
	return false
}

// plain makes all strings of a value such that none is read as another tag.
func plain(v reflect.Value, text bool) {
	switch v.Kind() {
	case reflect.String:
		if !v.CanSet() {
			return
		}
		if text {
			v.SetString(plainText(v.String()))
		} else {
			v.SetString(oneLine(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			plain(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			plain(v.Index(i), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			plain(v.Field(i), isText(v.Type().Field(i).Name))
		}
	}
}

func oneLine(s string) string {
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if control(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func control(r rune) bool { return r < 0x20 || r == 0x7f }

func plainText(s string) string {
	s = strings.NewReplacer("<text>", "< text>", "</text>", "< /text>", "\r\n", "\n").Replace(s)
	var b strings.Builder
	for _, r := range s {
		if control(r) && r != '\n' && r != '\t' {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
