//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sworn-build/sworn/provenance"
)

// schemaOf compiles the published schema of a predicate type. Its formats and
// patterns are checked, and it may refer to nothing else.
func schemaOf(t *testing.T, predicateType string) *jsonschema.Schema {
	t.Helper()
	paths, err := filepath.Glob("../../docs/schemas/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		id, _ := doc.(map[string]any)["$id"].(string)
		if id != predicateType+"/schema.json" {
			continue
		}
		c := jsonschema.NewCompiler()
		c.UseLoader(jsonschema.SchemeURLLoader{})
		c.AssertFormat()
		if err := c.AddResource(id, doc); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		s, err := c.Compile(id)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		return s
	}
	t.Fatalf("docs/schemas has no schema of %s", predicateType)
	return nil
}

// fitSchemas fails unless the statements of an image are what the schemas say.
func fitSchemas(t *testing.T, a account) {
	t.Helper()
	for _, typ := range []string{provenance.StepsType, provenance.ContentsType} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.raw[typ].Predicate))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemaOf(t, typ).Validate(v); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestStatementsFitTheirSchemas(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	for _, tt := range []struct {
		name string
		buildContext
	}{
		{"scratch", buildContext{files: files{"Dockerfile": "FROM scratch\n"}}},
		{"one file", buildContext{files: files{"a": "", "Dockerfile": "FROM scratch\nCOPY a /a\n"}}},
		{"base alone", buildContext{files: files{"Dockerfile": "FROM busybox\n"}}},
		{"every kind of mount", buildContext{
			files: cachedContext(), args: []string{"--secret", "id=token,src=/proc/self/cmdline"},
		}},
		{"every kind of file", buildContext{files: files{"Dockerfile": "FROM busybox\n" +
			"RUN mknod /null c 1 3; mknod /block b 7 0; mkfifo /fifo; ln -s x '/a b'; touch \"$(printf '/\\377\\\\')\"; chmod 6755 /bin; mkdir -m 1777 /t\n"},
			args: []string{"--opt", "build-arg:SWORN_HARDEN=off"}}},
		{"unobserved", buildContext{
			files: files{"Dockerfile": "FROM busybox\nRUN --security=insecure true\nRUN --network=none true\n"},
			args:  []string{"--allow", "security.insecure"},
		}},
		{"observation off", buildContext{
			files: files{"Dockerfile": "FROM busybox\nRUN cat /etc/passwd\n"},
			args:  []string{"--opt", "build-arg:SWORN_OBSERVE=off", "--opt", "add-hosts=one.test=10.1.2.3"},
		}},
		{"remote sources", buildContext{files: files{"Dockerfile": "FROM scratch\nADD http://" + e.registry + "/v2/ /v2\n"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, a := buildAccount(t, e, build{context: tt.files, args: tt.args, output: push(imageName(e.registry, t, "latest"))})
			fitSchemas(t, a)
			sameAsImage(t, imageName(e.registry, t, "latest"), a)
		})
	}
}

// buildContext is a build context with arguments of buildctl.
type buildContext struct {
	files files
	args  []string
}

// The schemas are strict: a field too much, too little or of another shape is
// refused.
func TestSchemasRefuseOtherShapes(t *testing.T) {
	_, a := buildAccount(t, mustEnv(t), build{
		context: files{"Dockerfile": "FROM busybox\nRUN echo x > /x\n"},
		output:  push(imageName(mustEnv(t).registry, t, "latest")),
	})
	fitSchemas(t, a)
	for typ, edits := range map[string]map[string][2]string{
		provenance.ContentsType: {
			"type":    {`"type":"dir"`, `"type":"folder"`},
			"digest":  {`"sha256":"`, `"sha256":"X`},
			"unknown": {`"platform":`, `"unheardOf":1,"platform":`},
		},
		provenance.StepsType: {
			"kind":    {`"complete":true`, `"complete":"true"`},
			"missing": {`"outputs":`, `"products":`},
			"unknown": {`"platform":`, `"unheardOf":1,"platform":`},
		},
	} {
		for name, e := range edits {
			b := bytes.Replace(a.raw[typ].Predicate, []byte(e[0]), []byte(e[1]), 1)
			if bytes.Equal(b, a.raw[typ].Predicate) {
				t.Fatalf("%s: nothing to edit: %s", typ, e[0])
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if schemaOf(t, typ).Validate(v) == nil {
				t.Errorf("%s: %s is accepted", typ, name)
			}
		}
	}
}
