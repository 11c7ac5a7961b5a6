package sbom_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// depsJSON is as `dotnet publish` writes it, by its documentation.
const depsJSON = `{
  "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": ""},
  "compilationOptions": {},
  "targets": {
    ".NETCoreApp,Version=v8.0": {},
    ".NETCoreApp,Version=v8.0/linux-x64": {
      "Shop/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.1"}, "runtime": {"Shop.dll": {}}},
      "Newtonsoft.Json/13.0.1": {"runtime": {"lib/net6.0/Newtonsoft.Json.dll": {"assemblyVersion": "13.0.0.0"}}, "resources": {"lib/net6.0/de/N.resources.dll": {"locale": "de"}}},
      "SQLite/2.1": {"runtimeTargets": {"runtimes/linux-x64/native/e_sqlite3.so": {"rid": "linux-x64", "assetType": "native"}}},
      "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"native": {"libcoreclr.so": {}}}
    }
  },
  "libraries": {
    "Shop/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "Newtonsoft.Json/13.0.1": {"type": "package", "serviceable": true, "path": "newtonsoft.json/13.0.1"},
    "SQLite/2.1": {"type": "package"},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}
  }
}`

func TestDotNetApplicationsTellOfTheirPackages(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir,
		"file 0644 /app/Shop.deps.json "+depsJSON, "file 0755 /app/Shop x", "file 0644 /app/Shop.dll x", "file 0644 /app/Shop.runtimeconfig.json {}", "file 0644 /app/Newtonsoft.Json.dll x",
		"file 0644 /app/de/N.resources.dll x", "file 0644 /app/runtimes/linux-x64/native/e_sqlite3.so x", "file 0644 /app/libcoreclr.so x", "file 0644 /app/appsettings.json {}",
		"file 0644 /etc/passwd x",
		`file 0644 /evil/x.deps.json {"libraries":{"a/1":{},"b":{},"c/1\n":{},"d/1":5},"targets":{"t":{"a/1":{"runtimeTargets":{"../../etc/passwd":{},"/etc/passwd":{}},"resources":{"x":{"locale":"../../etc"},"y":7}}}}}`,
		`file 0644 /web/editor.deps.json {"entry":["a"]}`, `file 0644 /web/list.deps.json ["a"]`,
		`file 0644 /bad/x.deps.json {"libraries":{"a/1":{}`, "file 0644 /deep/x.deps.json {\"libraries\":{\"a/1\":"+strings.Repeat("[", 200000),
		"file 0644 /huge/x.deps.json {\"libraries\":{"+strings.Repeat(`"a/1":{},`, 20001)+`"b/1":{}}}`,
	)
	in, m, entries := installedIn(t, dir)
	if d := cmp.Diff([]string{
		"pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1", "pkg:nuget/Newtonsoft.Json@13.0.1", "pkg:nuget/SQLite@2.1", "pkg:nuget/Shop@1.0.0", "pkg:nuget/a@1", "pkg:nuget/d@1",
	}, purlsOf(in)); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[step.Path]string{
		"/app/Shop.deps.json": "nuget/Shop", "/app/Shop": "nuget/Shop", "/app/Shop.dll": "nuget/Shop", "/app/Shop.runtimeconfig.json": "nuget/Shop",
		"/app/Newtonsoft.Json.dll": "nuget/Newtonsoft.Json", "/app/de/N.resources.dll": "nuget/Newtonsoft.Json",
		"/app/runtimes/linux-x64/native/e_sqlite3.so": "nuget/SQLite", "/app/libcoreclr.so": "nuget/Microsoft.NETCore.App.Runtime.linux-x64",
	}, ownersOf(m, entries)); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	const broken = " (it is not the JSON that it should be)"
	if d := cmp.Diff([]string{"/bad/x.deps.json" + broken, "/deep/x.deps.json" + broken, "/huge/x.deps.json (it has more packages than a file may have)"}, in.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}
