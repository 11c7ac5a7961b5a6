package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const recordDir = "/dev/.sworn/record"

// prepare makes what the attempts want to find in an image of their own.
func prepare() {
	err := errors.Join(os.Chmod("/tmp", 0o1777), giveCapability(capable), os.Mkdir("/many", 0o755), os.WriteFile("/d/read", []byte("read"), 0o644))
	for i := range 2000 {
		err = errors.Join(err, makeFile(fmt.Sprintf("/many/%d", i), 0o644))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// makeFile creates a file.
func makeFile(name string, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	return f.Close()
}

// opened opens a file for writing.
func opened(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// writes tries to write where a strict step may not, and to give privileges to files.
func writes() []attempt {
	if err := makeFile("/tmp/own", 0o644); err != nil {
		fmt.Println("write to /tmp:", err)
		os.Exit(1)
	}
	fd, modeErr := unix.Open("/tmp/made", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o4755)
	if modeErr == nil {
		_ = unix.Close(fd)
	}
	return []attempt{
		{"file in the root folder", makeFile("/new", 0o644)},
		{"folder in the root folder", os.Mkdir("/newdir", 0o755)},
		{"link in the root folder", os.Symlink("/tmp", "/newlink")},
		{"move to the root folder", os.Rename("/tmp/own", "/moved")},
		{"file in /dev", makeFile("/dev/new", 0o644)},
		{"file in /proc", opened("/proc/self/oom_score_adj")},
		{"file of the record", makeFile(recordDir+"/new", 0o644)},
		{"set-user-ID by chmod", unix.Chmod("/tmp", 0o5777)},
		{"set-user-ID by open", modeErr},
		{"set-user-ID by mknod", unix.Mknod("/tmp/node", unix.S_IFREG|0o4755, 0)},
	}
}

// signals tries to reach the runner.
func signals() []attempt {
	return []attempt{{"signal to the runner", unix.Kill(1, unix.SIGWINCH)}}
}

// records looks for the records of steps that run elsewhere: below the roots of other
// processes, at the place that the mount table tells, and by the handle of a file.
func records() []attempt {
	var out []attempt
	procs, _ := filepath.Glob("/proc/[0-9]*/root" + recordDir)
	for _, p := range procs {
		// Root sees where a process of its own is: that is this very folder.
		if at := place(p); at != [2]uint64{} && at != place(recordDir) {
			out = append(out, attempt{"record in " + p, nil})
		}
	}
	_, runner := os.Stat("/proc/1/root" + recordDir)
	out = append(out, attempt{"record by the runner's root", runner}, attempt{"folder beside the record", opensBeside(mountedFrom(recordDir))})
	return append(out, attempt{"record by handle", byHandle(recordDir)})
}

// byHandle opens what a folder's file system has under a handle (open_by_handle_at(2)):
// of another inode in it, where the handle's form is not to be had.
func byHandle(dir string) error {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	handle, _, err := unix.NameToHandleAt(fd, ".", 0)
	if err != nil {
		handle = unix.NewFileHandle(1, []byte{2, 0, 0, 0, 0, 0, 0, 0})
	}
	_, err = unix.OpenByHandleAt(fd, handle, unix.O_RDONLY)
	return err
}

// place is the device and inode of a folder, 0 when they are not to be known.
func place(name string) [2]uint64 {
	var st unix.Stat_t
	if unix.Stat(name, &st) != nil {
		return [2]uint64{}
	}
	return [2]uint64{uint64(st.Dev), uint64(st.Ino)}
}

// mountedFrom is the folder of the builder that is mounted somewhere
// (proc_pid_mountinfo(5), fields 4 and 5).
func mountedFrom(target string) string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 4 && fields[4] == target {
			return fields[3]
		}
	}
	return ""
}

// opensBeside opens the folder that a mount's source lies in, if it is to be found under
// its name on the builder.
func opensBeside(source string) error {
	if source == "" {
		return unix.ENOENT
	}
	beside := filepath.Dir(source)
	if _, err := os.ReadDir(beside); err != nil {
		return err
	}
	if place(beside)[0] != place(recordDir)[0] {
		return unix.ENOENT // a folder of this container that has the same name
	}
	return nil
}
