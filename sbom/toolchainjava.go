package sbom

import (
	"cmp"
	"strings"
)

// parseJavaRelease reads the file release of a Java runtime (JEP 223, and what OpenJDK's
// make/ReleaseFile.gmk adds): lines JAVA_VERSION="21.0.4". The purl is as scanners write
// it, after the vendor under which the vulnerability database knows a JDK: Oracle's OpenJDK,
// unless another one builds it under a name of his own.
func parseJavaRelease(_, _ string, b []byte) (Package, bool) {
	is := map[string]string{}
	eachLine(b, func(l string) bool {
		key, value, ok := strings.Cut(l, "=")
		if ok && is[key] == "" {
			is[key] = strings.Trim(value, `"`)
		}
		return true
	})
	version := javaVersion(is)
	if !release(is["JAVA_VERSION"]) || !release(version) {
		return Package{}, false
	}
	vendor, product, others := javaProduct(is["IMPLEMENTOR"], is["IMAGE_TYPE"])
	p := Package{Name: product, Version: version}
	p.PURL = languagePURL(typeGeneric, vendor+"/"+product, version)
	if repository := cmp.Or(is["SOURCE_REPO"], is["BUILD_SOURCE_REPO"]); word(repository) {
		p.PURL += query([]string{"repository_url=" + escape(repository)})
	}
	if by := line(is["IMPLEMENTOR"]); by != "" && by != "N/A" {
		p.Maintainer = organization + by
	}
	number, update := javaCPEVersion(version)
	for _, name := range append([]string{vendor + ":" + product}, others...) {
		vendor, product, _ := strings.Cut(name, ":")
		p.CPEs = append(p.CPEs, cpe(vendor, product, number, update))
	}
	return p, true
}

// javaVersion is the version with its build: 21.0.4+7-LTS, 1.8.0_302-b08.
func javaVersion(is map[string]string) string {
	java, full := is["JAVA_VERSION"], is["FULL_VERSION"]
	major, _, _ := strings.Cut(java, ".")
	switch fullMajor, _, _ := strings.Cut(full, "."); {
	case is["JAVA_RUNTIME_VERSION"] != "":
		return is["JAVA_RUNTIME_VERSION"]
	case full != "" && fullMajor == major:
		return full
	}
	return java
}

// javaProduct is what the vulnerability database calls the JDK of an implementor, VENDOR:PRODUCT
// of the other names that it has there included.
func javaProduct(implementor, image string) (vendor, product string, others []string) {
	by := strings.ToLower(implementor)
	runtime := strings.Contains(strings.ToLower(image), "jre")
	switch {
	case strings.Contains(by, "azul"):
		return "azul", "zulu", []string{"oracle:openjdk"}
	case strings.Contains(by, "ibm") && runtime:
		return "ibm", "java", nil
	case strings.Contains(by, "ibm"):
		return "ibm", "java_sdk", nil
	case strings.Contains(by, "oracle") && runtime:
		return "oracle", "jre", []string{"oracle:java_se"}
	case strings.Contains(by, "oracle"):
		return "oracle", "jdk", []string{"oracle:java_se", "oracle:jre"}
	}
	return "oracle", "openjdk", nil
}

// javaCPEVersion splits a version as the vulnerability database does: 21.0.4 of
// 21.0.4+7-LTS, 1.8.0 and update302 of 1.8.0_302-b08.
func javaCPEVersion(version string) (number, update string) {
	number, rest := splitRelease(version)
	if old, ok := strings.CutPrefix(rest, "_"); ok {
		if u, _ := splitRelease(old); u != "" && !strings.Contains(u, ".") {
			return number, "update" + strings.TrimLeft(u, "0")
		}
	}
	return number, "*"
}
