package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	folder     = "/dev/.sworn"
	recordDir  = folder + "/record"
	recordFile = recordDir + "/record.json"
	runner     = folder + "/bin/RUN"
)

// fake is a record that would pass.
const fake = `{"version":1,"command":["/forge","honest"],"exit":0,"process":{"uid":0,"gid":0,"groups":[],"cwd":"/"},` +
	`"sandbox":{"harden":"baseline","noNewPrivileges":true,"capabilities":{"bounding":[],"effective":[],"permitted":[],"inheritable":[],"ambient":[]},` +
	`"seccomp":"filter","coreLimit":0},"observation":{"mode":"inotify","complete":true,"inputs":[]}}` + "\n"

// names are those that the runner uses in its folder.
func names() []string { return []string{recordFile, recordFile + ".part", recordDir + "/.start"} }

func writeRecord() {
	for _, n := range names() {
		tried("write "+n, os.WriteFile(n, []byte(fake), 0o444))
	}
	tried("remove empty", os.RemoveAll(recordDir+"/empty"))
	tried("file empty", os.WriteFile(recordDir+"/empty", []byte(fake), 0o400))
	tried("write beside", os.WriteFile(folder+"/record.json", []byte(fake), 0o644))
}

func linkRecord() {
	for _, n := range names() {
		tried("symlink "+n, os.Symlink("/output", n))
	}
	tried("remove empty", os.RemoveAll(recordDir+"/empty"))
	tried("symlink empty", os.Symlink("/", recordDir+"/empty"))
}

// fillRecord puts folders, nodes and odd names where the record goes.
func fillRecord() {
	for _, n := range names() {
		tried("mkdir "+n, os.MkdirAll(n+"/a/b/c", 0o700))
		tried("close "+n, os.Chmod(n+"/a", 0))
	}
	deep := recordDir
	for range 300 {
		deep += "/d"
		if err := os.Mkdir(deep, 0o755); err != nil {
			tried("mkdir deep", err)
			break
		}
	}
	for i := range 2000 {
		_ = os.WriteFile(fmt.Sprintf("%s/%d\n\xff", recordDir, i), nil, 0) // as many as it takes
	}
	tried("mkfifo", syscall.Mkfifo(recordDir+"/fifo", 0o644))
}

// closeRecord takes all permissions away.
func closeRecord() {
	syscall.Umask(0o777)
	tried("write", os.WriteFile(recordFile, []byte(fake), 0o777))
	tried("chmod record", os.Chmod(recordFile, 0))
	tried("chown", os.Chown(recordDir, 4711, 4711))
	tried("chmod folder", os.Chmod(recordDir, 0))
	tried("chmod above", os.Chmod(folder, 0))
	syscall.Umask(0o022)
}

// renameFolder puts another folder where the runner's was.
func renameFolder() {
	if err := os.Rename(folder, "/dev/elsewhere"); err != nil {
		tried("rename", err)
		return
	}
	tried("mkdir", os.MkdirAll(recordDir+"/empty", 0o777))
	writeRecord()
}

func overwriteRunner() {
	for _, n := range []string{runner, "/proc/1/exe"} {
		f, err := os.OpenFile(n, os.O_WRONLY, 0)
		denied("open for writing "+n, err)
		if err == nil {
			_ = f.Close() // told already
		}
		denied("truncate "+n, os.Truncate(n, 0))
	}
	denied("chmod", os.Chmod(runner, 0o4777))
	denied("remove", os.Remove(runner))
	denied("rename", os.Rename(runner, folder+"/other"))
	denied("link over", os.Rename("/input", runner))
}

func mountOver() {
	denied("unmount record", syscall.Unmount(recordDir, 0))
	denied("unmount runner", syscall.Unmount(runner, syscall.MNT_DETACH))
	denied("mount over", syscall.Mount("none", recordDir, "tmpfs", 0, ""))
	denied("bind over", syscall.Mount("/input", runner, "", syscall.MS_BIND, ""))
	denied("remount runner", syscall.Mount("none", runner, "", syscall.MS_REMOUNT|syscall.MS_BIND, ""))
	denied("new namespaces", syscall.Unshare(syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS))
}

func leaveDaemon() {
	spawn("daemon-child")
	time.Sleep(200 * time.Millisecond) // so that it is there when the step ends
}

// rewriteForever waits for the record and replaces it, again and again.
func rewriteForever() {
	dir, err := os.Open(recordDir)
	if err != nil {
		return
	}
	for {
		for _, n := range []string{"record.json", "record.json.part"} {
			fd, err := syscall.Openat(int(dir.Fd()), n, syscall.O_RDWR, 0)
			if err == nil {
				_, _ = syscall.Write(fd, []byte(fake))
			}
		}
		_ = os.WriteFile(recordFile, []byte(fake), 0o644)
	}
}

// leaveBomb leaves processes that replace themselves faster than they are found.
func leaveBomb() {
	for range 8 {
		spawn("bomb-child")
	}
	time.Sleep(100 * time.Millisecond)
}

func bomb() {
	ignoreSignals()
	_ = os.WriteFile(recordFile, []byte(fake), 0o644)
	for range 2 {
		spawn("bomb-child")
		time.Sleep(20 * time.Millisecond)
	}
}
