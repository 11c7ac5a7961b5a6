package sbom_test

import (
	"testing"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

func TestPackageState(t *testing.T) {
	for p, want := range map[step.Path]bool{
		"/var/lib/dpkg/status": true, "/var/lib/dpkg/status-old": true, "/var/lib/dpkg/info/a.list": true, "/var/lib/dpkg/info": true,
		"/var/lib/dpkg/tool": false, "/var/lib/dpkg": false, "/var/lib/dpkg/statusx": false, "/var/lib/dpkg/info2/a": false,
		"/var/lib/apt/lists/x_Packages": true, "/var/lib/apt": true, "/var/lib/apt2": false, "/var/log/dpkg.log": true, "/var/log/dpkg.log.1": false,
		"/lib/apk/db/installed": true, "/etc/apk/world": true, "/etc/apk/repositories": false, "/usr/lib/sysimage/rpm/rpmdb.sqlite": true,
		"/var/log/dnf.rpm.log": true, "/var/log/dnf/x.log": false, "/etc/ld.so.cache": true, "/etc/ld.so.conf": false, "/": false, "/opt/var/lib/dpkg/status": false,
	} {
		if got := sbom.PackageState(p); got != want {
			t.Errorf("%s: %t", p, got)
		}
	}
}
