//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFilesAreUpstreams(t *testing.T) {
	probe := buildProbe(t)
	compareAll(t, []comparison{
		{
			name: "kinds and modes", context: files{
				"Dockerfile": "FROM busybox\nRUN --mount=target=/ctx <<EOF\nset -e\nmkdir -p /d/sub /sticky && chmod 1777 /sticky && chmod 2750 /d/sub\n" +
					"echo x > /d/f && ln /d/f /d/hard && ln -s f /d/soft && ln -s /no/where /d/dangling && mkfifo -m 600 /d/fifo\n" +
					"cp /bin/busybox /d/su && chown 1:2 /d/su && chmod 6755 /d/su && touch /d/empty && chmod 000 /d/empty\n" +
					"/ctx/probe setxattr /d/f user.note 'some text'; /ctx/probe setxattr /d user.folder x; /ctx/probe setcap /d/su; /ctx/probe socket /d/sock\n" +
					"dd if=/dev/zero of=/d/sparse bs=1 count=1 seek=1000000 2> /dev/null\n" +
					"touch \"/d/a b\" \"/d/$(printf 'new\\nline')\" \"/d/$(printf '\\377\\376')\" \"/d/ä\" '/d/back\\slash' /d/.hidden /d/-dash\n" +
					"mkdir -p \"/d/$(printf 'x%.0s' $(seq 200))/$(printf 'y%.0s' $(seq 200))\"\nchown -h 5:6 /d/soft\ntouch -d @1000000000 /d/f\nEOF\n",
				"probe!": probe,
			},
			mtimes: []string{"/d/f"},
		},
		{
			name: "devices", context: dockerfile("FROM busybox\nRUN mknod /null c 1 3 && mknod -m 640 /loop b 7 200 && chown 1:6 /loop\n"),
			opts: []string{"build-arg:SWORN_HARDEN=off"},
		},
		{
			name: "removals", context: dockerfile("FROM busybox\nRUN mkdir -p /d/e /o/sub /r && touch /d/1 /d/2 /d/e/3 /o/a /o/sub/b /r/f /gone\n" +
				"RUN rm -r /gone /d/1 /d/e\nRUN rm -r /o && mkdir /o && touch /o/new\nRUN mv /r /moved && rm /bin/awk\nRUN rm -r /d && echo file > /d\nRUN rm /d && mkdir /d\n"),
		},
		{
			name: "changes", context: dockerfile("FROM busybox\nRUN echo one > /f && echo x > /same && mkdir /d\nRUN echo two > /f\nRUN chmod 600 /same\nRUN chown 7 /d\nRUN touch /same\nRUN cp /same /tmp && mv /tmp/same /same\nRUN ln /f /hard\nRUN true\n"),
		},
		{
			name: "same image", context: files{
				"Dockerfile": "FROM busybox AS b\nRUN mkdir /o && echo built > /o/f && chmod 4711 /o/f\nFROM busybox\nCOPY --from=b /o /o\nRUN echo x > /x && rm /bin/awk && adduser -D someone 2> /dev/null || true\nCOPY Dockerfile /\nUSER nobody\nCMD [\"true\"]\n",
			},
			exact: true,
		},
		{
			name: "copy", context: files{
				"Dockerfile": "FROM busybox AS s\nRUN mkdir -p /t/u && echo 1 > /t/u/f && ln -s f /t/u/l && chmod 2755 /t\nFROM busybox\n" +
					"COPY a /a\nCOPY a dir/ /into/\nCOPY dir /dir\nCOPY --chown=nobody:users --chmod=640 a /owned\nCOPY --chown=12:34 dir /owneddir\n" +
					"COPY --link a /linked/a\nCOPY --link --chown=5 --from=s /t/u /linked/u\nCOPY --from=s /t /t\nCOPY --from=busybox /bin/busybox /bb\n" +
					"COPY --parents dir/./sub/deep/f dir/x /parents/\nCOPY --exclude=*.md dir /excluded\nCOPY *.txt /wild/\nCOPY [\"a b\", \"/a b\"]\n" +
					"COPY <<EOF <<TWO /here/\nheredoc $PATH\nEOF\nsecond\nTWO\nCOPY --chmod=755 <<'EOF' /script\n#!/bin/sh\necho \"$0 ran\"\nEOF\nRUN /script\n",
				"a": "a", "a b": "ab", "x.txt": "x", "y.txt": "y", "dir/x": "x", "dir/r.md": "r", "dir/tool!": "#!/bin/sh\n", "dir/sub/deep/f": "f",
				".dockerignore": "ignored\n**/*.skip\n", "ignored": "i", "dir/n.skip": "s",
			},
			prints: []string{"/script ran"},
			mtimes: []string{"/a", "/dir/tool", "/owned", "/linked/a", "/parents/sub/deep/f", "/bb"},
		},
		{
			name: "missing source", context: dockerfile("FROM busybox\nCOPY nosuch /\n"), fails: `"/nosuch": not found`,
		},
	})
}

func TestAddIsUpstreams(t *testing.T) {
	git := gitServer(t)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []*tar.Header{
		{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o750, Uid: 3, Gid: 4},
		{Name: "d/f", Typeflag: tar.TypeReg, Mode: 0o4755, Uid: 3, Gid: 4, Size: 1, ModTime: time.Unix(1_000_000_000, 0)},
		{Name: "d/l", Typeflag: tar.TypeSymlink, Linkname: "f"},
		{Name: "d/h", Typeflag: tar.TypeLink, Linkname: "d/f"},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/file.txt", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "file.txt", time.Unix(1_100_000_000, 0), strings.NewReader("over http\n"))
	})
	mux.HandleFunc("/a.tar", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.tar", time.Unix(1_100_000_000, 0), bytes.NewReader(archive.Bytes()))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	compareAll(t, []comparison{
		{
			name: "archive", context: files{"Dockerfile": "FROM busybox\nADD a.tar /un/\nADD --unpack=false a.tar /packed/\nCOPY a.tar /\nADD --chown=9:9 a.tar /chowned/\n", "a.tar": archive.String()},
			mtimes: []string{"/un/d/f", "/a.tar"},
		},
		{
			name: "http with another checksum", context: dockerfile("FROM busybox\nADD --checksum=sha256:e2d1a7c3d5de64b90d8b7a0e0cea6e8d4c2d7f2a2d0c6d8b0f3cb2d7f1f5e8c5 " + server.URL + "/file.txt /other\n"),
			fails: "digest mismatch",
		},
		{
			name: "http that answers", context: dockerfile("FROM busybox\nADD " + server.URL + "/file.txt /d/\nADD --chmod=600 --chown=1 " + server.URL + "/file.txt /other\nADD --unpack " + server.URL + "/a.tar /un/\nADD " + server.URL + "/a.tar /packed.tar\nRUN cat /d/file.txt\n"),
			prints: []string{"over http"},
			mtimes: []string{"/d/file.txt", "/other", "/un/d/f"},
		},
		{
			name: "http that is missing", context: dockerfile("FROM busybox\nADD " + server.URL + "/nosuch /d/\n"), fails: "404",
		},
		{
			name: "git", context: dockerfile("FROM busybox\nADD " + git + "/repo.git#main:sub /sub\nADD --keep-git-dir=true " + git + "/repo.git /repo\nRUN cat /sub/f; test -d /repo/.git && rm -r /repo/.git && echo history\n"),
			prints: []string{"from git", "history"},
		},
		{
			// Asked for ahead of the build: it says which line asks, and no step begins.
			name: "git without that branch", context: dockerfile("FROM busybox\nADD " + git + "/repo.git#nosuch /sub\n"),
			fails: `repository does not contain ref nosuch, output: ""`,
			ours: func(o *outcome) {
				o.Error = "Dockerfile:2\n--------------------\n   1 |     FROM busybox\n" +
					"   2 | >>> ADD " + git + "/repo.git#nosuch /sub\n   3 |     \n--------------------\n" +
					"error: failed to solve: pin git+" + git + `/repo.git#nosuch: repository does not contain ref nosuch, output: ""` + "\n"
				o.Steps = map[string]streams{}
			},
		},
	})
}

// gitServer serves a repository over http with git's own backend.
func gitServer(t *testing.T) string {
	t.Helper()
	out, err := run(t, "git", "--exec-path")
	backend := filepath.Join(strings.TrimSpace(out), "git-http-backend")
	if _, statErr := os.Stat(backend); err != nil || statErr != nil {
		t.Skipf("no git server: %v %v", err, statErr)
	}
	root := t.TempDir()
	work := files{"f": "top\n", "sub/f": "from git\n", "sub/x!": "#!/bin/sh\n"}.write(t)
	mustRun(t, "git", "-C", work, "init", "-q", "-b", "main")
	mustRun(t, "git", "-C", work, "add", "-A")
	mustRun(t, "git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@t.test", "commit", "-q", "-m", "one")
	mustRun(t, "git", "clone", "-q", "--bare", work, filepath.Join(root, "repo.git"))
	server := httptest.NewServer(&cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}})
	t.Cleanup(server.Close)
	return server.URL
}
