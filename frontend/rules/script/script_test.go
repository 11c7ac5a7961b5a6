package script_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sworn-build/sworn/frontend/rules/script"
)

func show(runs []script.Run) string {
	out := make([]string, 0, len(runs))
	for _, r := range runs {
		out = append(out, r.Downloader+">"+r.Interpreter)
	}
	return strings.Join(out, " ")
}

func TestDownloadsThatRun(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// As installers tell people to do.
		{"curl -fsSL https://get.test/install.sh | sh", "curl>sh"},
		{"curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.test | sh -s -- -y --default-toolchain stable", "curl>sh"},
		{"curl -sL https://deb.nodesource.test/setup_20.x | bash -", "curl>bash"},
		{"curl -fsSL https://deb.nodesource.test/setup_20.x | sudo -E bash - && apt-get install -y nodejs", "curl>bash"},
		{`sh -c "$(curl -fsSL https://raw.test/ohmyzsh/install.sh)" "" --unattended`, "curl>sh"},
		{`/bin/bash -c "$(curl -fsSL https://raw.test/Homebrew/install.sh)"`, "curl>bash"},
		{"curl -sSL https://install.python-poetry.test | POETRY_HOME=/opt/poetry python3 -", "curl>python3"},
		{"curl https://bootstrap.pypa.test/get-pip.py | python3.11", "curl>python3.11"},
		{"curl -sS https://getcomposer.test/installer | php -- --install-dir=/usr/local/bin --filename=composer", "curl>php"},
		{"curl -L https://cpanmin.test | perl - App::cpanminus", "curl>perl"},
		{"curl -o- https://raw.test/nvm/install.sh | bash", "curl>bash"},
		{"wget -qO- https://raw.test/nvm/install.sh | bash", "wget>bash"},
		{"wget -q -O - https://get.test/k3d | TAG=v5 bash", "wget>bash"},
		{"wget --quiet --output-document=- https://get.test | sh", "wget>sh"},
		{"wget -O /dev/stdout https://get.test | sh", "wget>sh"},
		{"wget -nv -O- https://get.test | sh", "wget>sh"},
		{"wget https://get.test -O - | sh", "wget>sh"},
		{"curl -fsSL https://get.test -o - | sh", "curl>sh"},
		{"curl --output - https://get.test | sh", "curl>sh"},
		{"if ! curl https://get.test | sh; then exit 1; fi", "curl>sh"},
		{"curl -s https://get.test | base64 -d | env FOO=1 sh -eux", "curl>sh"},
		{"sudo -- sh -c 'curl https://get.test | sh'", "curl>sh"},
		{"time curl https://get.test | sh", "curl>sh"},
		{"chroot /mnt /bin/bash -c 'curl https://get.test | sh'", "curl>sh"},
		{"fetch -qo - https://get.test | sh", "fetch>sh"},
		{"lynx -source https://get.test | sh", "lynx>sh"},
		{"http https://get.test/x.sh | sh", "http>sh"},
		{"curl -s https://get.test | node", "curl>node"},
		{"curl -s https://get.test | ruby", "curl>ruby"},
		{"bash <(curl -s https://get.test)", "curl>bash"},
		{"bash -x <(curl -s https://get.test) --prefix /opt", "curl>bash"},
		{"source <(curl -s https://get.test)", "curl>source"},
		{". <(wget -qO- https://get.test)", "wget>."},
		{"python3 <(curl -s https://get.test)", "curl>python3"},
		{"bash < <(curl -s https://get.test)", "curl>bash"},
		{`bash <<< "$(curl -s https://get.test)"`, "curl>bash"},
		{`bash -s -- --yes <<< "$(curl -s https://get.test)"`, "curl>bash"},
		{`python3 -c "$(curl -fsSL https://get.test/x.py)"`, "curl>python3"},
		{`ruby -e "$(curl -fsSL https://raw.test/install)"`, "curl>ruby"},
		{`perl -e "$(wget -qO- https://get.test)"`, "wget>perl"},
		{`eval "$(curl -s https://get.test)"`, "curl>eval"},
		{"eval `curl -s https://get.test`", "curl>eval"},
		{`sh -c "` + "`wget -qO- https://get.test`" + `"`, "wget>sh"},
		{"$(curl -s https://get.test)", "curl>the shell"},
		// In between, around, and inside of other things.
		{"curl -s https://get.test | tee /tmp/install.sh | sh", "curl>sh"},
		{"curl -s https://get.test/x.gz | gunzip -c | sh", "curl>sh"},
		{"curl -s https://get.test | sed 's/sudo//' | bash -s stable", "curl>bash"},
		{"curl -s https://get.test |& bash", "curl>bash"},
		{"curl -s https://get.test \\\n  | bash \\\n  && rm -rf /x", "curl>bash"},
		{"curl -s https://get.test | tee >(bash) >/dev/null", "curl>bash"},
		{"curl -s https://get.test > >(bash)", "curl>bash"},
		{"set -eux; apt-get update; apt-get install -y curl; curl -s https://get.test | bash; rm -rf /var/lib/apt/lists/*", "curl>bash"},
		{"(curl -s https://a.test || wget -qO- https://b.test) | sh", "curl>sh"},
		{"{ curl -s https://a.test; } | { cd /x && sh; }", "curl>sh"},
		{"if true; then curl https://a.test | sh; fi", "curl>sh"},
		{"for i in 1 2 3; do curl -s https://a.test/$i | sh && break; done", "curl>sh"},
		{"install() { curl -s https://a.test | sh; }; install", "curl>sh"},
		{"bash -c 'curl -s https://a.test | sh'", "curl>sh"},
		{`bash -euo pipefail -c "curl -s https://a.test/$VERSION | sh"`, "curl>sh"},
		{`su - app -c "curl -s https://a.test | bash"`, "curl>bash"},
		{"su -c 'wget -O - https://a.test | sh' app", "wget>sh"},
		{"eval 'curl -s https://a.test | sh'", "curl>sh"},
		{"bash <<EOF\ncurl -s https://a.test | sh\nEOF", "curl>sh"},
		{"sudo -u app -H /bin/bash -lc 'curl -s https://a.test | bash'", "curl>bash"},
		{"gosu app sh -c 'curl https://a.test | sh'", "curl>sh"},
		{"timeout -k 5 60 curl -s https://a.test | timeout 60 bash", "curl>bash"},
		{"env -u HOME FOO=bar curl -s https://a.test | env -i sh", "curl>sh"},
		{"busybox wget -qO- https://a.test | busybox sh", "wget>sh"},
		{"/usr/bin/curl -s https://a.test | /bin/sh", "curl>sh"},
		{"'curl' -s https://a.test | \"bash\"", "curl>bash"},
		{`c\url -s https://a.test | ba\sh`, "curl>bash"},
		{"echo \"$(curl -s https://a.test)\" | sh", "curl>sh"},
		{"cat <(curl -s https://a.test) | sh", "curl>sh"},
		{"curl -s https://a.test | sh /dev/stdin --yes", "curl>sh"},
		{"curl -s https://a.test | . /dev/stdin", "curl>."},
		{"curl -s https://a.test | (sh)", "curl>sh"},
		{"curl -s https://a.test | sh | tee log", "curl>sh"},
		{"curl -s https://a.test | sh; wget -qO- https://b.test | bash", "curl>sh wget>bash"},
		{"curl -s https://a.test | sh; curl -s https://b.test | sh", "curl>sh"},
		{"curl -s -w '%{http_code}' https://a.test | sh", "curl>sh"},
		{"curl -H 'Accept: text/plain' -X GET https://a.test | sh", "curl>sh"},
		{"curl -s https://a.test | sh\nfi", "curl>sh"}, // the rest is wrong
	} {
		if got := show(script.Downloads(c.text)); got != c.want {
			t.Errorf("%s\n\tgot %q, want %q", c.text, got, c.want)
		}
	}
}

func TestDownloadsThatAreNotRun(t *testing.T) {
	for _, text := range []string{
		"",
		"apt-get update && apt-get install -y --no-install-recommends curl bash python3 && rm -rf /var/lib/apt/lists/*",
		"curl -fsSLO https://a.test/install.sh && echo 'abc  install.sh' | sha256sum -c - && sh install.sh",
		"curl -fsSL -o install.sh https://a.test/install.sh && sh install.sh",
		"curl -fsSLo /tmp/x.sh https://a.test/x.sh; bash /tmp/x.sh",
		"wget https://a.test/x.sh && sh x.sh",
		"wget -q https://a.test/x.sh -O x.sh && sh x.sh",
		"wget -qO /tmp/x https://a.test/x | sh", // nothing goes through the pipe
		"curl -s -o /dev/null -w '%{http_code}' https://a.test | grep 200",
		"curl -fsSL https://a.test/key.asc | gpg --dearmor -o /usr/share/keyrings/x.gpg",
		"curl -fsSL https://a.test/key.asc | apt-key add -",
		"wget -O - https://a.test/x.tar.gz | tar xz -C /opt --strip-components=1",
		"curl -sL https://a.test/x.tgz | tar -zx && bash /opt/x/configure.sh",
		"curl -sSL https://a.test/list | sudo tee /etc/apt/sources.list.d/x.list",
		"curl -s https://a.test/releases | jq -r '.[0].tag_name'",
		"curl -s https://a.test/releases | python3 -c 'import json,sys; print(json.load(sys.stdin)[0])'",
		"curl -s https://a.test/releases | python3 -m json.tool",
		"curl -s https://a.test/releases | perl -ne 'print if /x/'",
		"curl -s https://a.test/releases | node -e 'process.stdin.pipe(process.stdout)'",
		"curl -s https://a.test/releases | node filter.js",
		"curl -s https://a.test/data | bash import.sh",
		"curl -s https://a.test/data | bash -n",
		"curl -s https://a.test/data | python3 - <<'EOF'\nimport sys\nEOF",
		"curl -s https://a.test/data | ruby -rjson -e 'puts 1'",
		"curl -s https://a.test/data | python3 -Sc 'print(1)'",
		"curl -s https://a.test/data | perl -0777 -ne 'print'",
		"curl -s https://a.test/data | php -nr 'echo 1;'",
		"curl -s https://a.test/data | php -r 'echo 1;'",
		"curl -s https://a.test/data | ruby -ne 'puts $_'",
		"curl -s https://a.test/data | sh -c 'cat > /data'",
		"curl -s https://a.test/urls | xargs -n1 curl -O",
		"curl -s https://a.test/x.sql | psql",
		"curl -s https://a.test/list | while read -r u; do bash get.sh \"$u\"; done",
		"VERSION=$(curl -s https://a.test/latest) && bash install.sh --version \"$VERSION\"",
		`bash install.sh --version "$(curl -s https://a.test/latest)"`,
		`sh -c "echo $(curl -s https://a.test/latest)"`,
		`echo "$(curl -s https://a.test/latest)"`,
		"export V=`curl -s https://a.test/latest`",
		"echo 'curl https://a.test | sh'",
		"echo curl https://a.test \\| sh",
		"# curl https://a.test | sh\ntrue",
		"cat <<'EOF' > /usr/local/bin/get\ncurl https://a.test | sh\nEOF",
		"cat install.sh | sh",
		"echo 'echo hi' | bash",
		"yes | sh install.sh",
		"curl -s https://a.test > x.sh | sh",
		"curl -s https://a.test | cat > x.sh; sh < y.sh",
		"curl -s https://a.test | sh < local.sh",
		"curl -s https://a.test || sh fallback.sh",
		"curl -s https://a.test && bash",
		"curl https://a.test & sh",
		"git clone https://a.test/x.git && make -C x",
		"pip install curl bash",
		"npm install | sh -c 'cat'",
		"python3 -c \"import urllib.request\" | tee x",
		"curl | sh",
		"bash -c",
		"eval",
		"source",
		"sudo",
		"su -c",
		"curl -o | sh",
	} {
		if got := show(script.Downloads(text)); got != "" {
			t.Errorf("%s\n\tgot %q, want nothing", text, got)
		}
	}
}

func TestCommandsWithoutAShell(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sh", "-c", "curl https://a.test | sh"}, "curl>sh"},
		{[]string{"/bin/bash", "-o", "pipefail", "-c", "echo 'it''s'; wget -qO- https://a.test | bash"}, "wget>bash"},
		{[]string{"curl", "https://a.test", "|", "sh"}, ""},
		{[]string{"echo", "$(curl https://a.test)", "it's"}, ""},
		{[]string{"sh", "-c", "$(curl https://a.test)"}, "curl>the shell"},
		{nil, ""},
	} {
		if got := show(script.Command(c.args)); got != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}

// TestHostileScriptsEnd: neither the stack nor time runs out.
func TestHostileScriptsEnd(t *testing.T) {
	const n = 60 << 10
	for name, text := range map[string]string{
		"subshells":     strings.Repeat("(", n),
		"closed":        strings.Repeat("(", n/2) + "x" + strings.Repeat(")", n/2),
		"pipes":         strings.Repeat("a|", n/2) + "sh",
		"nested pipes":  strings.Repeat("(", n/6) + "curl x" + strings.Repeat("|b)", n/6),
		"substitutions": strings.Repeat("$(", n/2),
		"evals":         strings.Repeat(`eval "$(`, n/9) + strings.Repeat(`)"`, n/9),
		"shells":        strings.Repeat("sh -c ", n/6) + "x",
		"backquotes":    strings.Repeat("`", n),
		"quotes":        strings.Repeat(`"$(`, n/3),
		"processes":     strings.Repeat("cat <(", n/6) + strings.Repeat(")", n/6),
		"echoes":        strings.Repeat("echo $(", n/8) + strings.Repeat(")", n/8) + "|sh",
		"too long":      strings.Repeat("x", 1<<20),
	} {
		start := time.Now()
		script.Downloads(text)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: took %s", name, d)
		}
	}
}

// FuzzDownloads: what is found is a command of the tables, each once.
func FuzzDownloads(f *testing.F) {
	for _, s := range []string{
		"curl -fsSL https://get.test/install.sh | sh -s -- -y",
		`sh -c "$(curl -fsSL https://raw.test/install.sh)" "" --unattended`,
		"bash <(wget -qO- https://get.test)", "bash <<EOF\ncurl x | sh\nEOF",
		"su - app -c 'curl x | bash'", "eval `curl x`", "(curl a || wget -O- b) |& { python3 - ; }",
		"${x:-$(curl y)} | sh", "a=(1 2); [[ $a ]] && curl x | tee >(sh)", "sudo -u", "\\", "'", "$((", "${",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[script.Run]bool{}
		for _, r := range script.Downloads(text) {
			if seen[r] || r.Downloader == "" || r.Interpreter == "" {
				t.Errorf("%q: %v", text, r)
			}
			seen[r] = true
		}
		script.Command(strings.Split(text, " "))
	})
}
