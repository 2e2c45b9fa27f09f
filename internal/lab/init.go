package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// stage marks the second of the two processes that [Init] tells apart.
const stage = "TIELINE_LAB_STAGE=supervisor"

// IsInit reports whether this is the first process of a lab, which has to call
// [Init].
func IsInit() bool { return os.Getpid() == 1 }

// Init is the first process of a lab's pid namespace: it makes the folders
// that only the lab sees, runs the program again as the supervisor, reaps what
// is left to it, and ends with the supervisor; the kernel then ends the rest.
func Init() error {
	if err := folders(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), stage)
	if err := onLockedThread(func() error {
		prefer()
		return cmd.Start()
	}); err != nil {
		return err
	}
	// Ends by SIGTERM only if the supervisor does: it drains and cleans up.
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, unix.SIGTERM, unix.SIGINT)
	go func() {
		for s := range terms {
			cmd.Process.Signal(s)
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("waiting for the supervisor: %w", err)
		case pid == cmd.Process.Pid && status.ExitStatus() != 0:
			return fmt.Errorf("the supervisor ended with status %d, signal %v", status.ExitStatus(), status.Signal())
		case pid == cmd.Process.Pid:
			return nil
		}
	}
}

// nice is the priority of everything in a lab, where that is allowed: sessions
// that notice a failure within 0.3 s take a node for dead that gets no processor
// for as long, which happens while the machine compiles something.
const nice = -10

// prefer sets the priority of the thread, which what it starts inherits.
func prefer() {
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice) // without root it is as all others
}

// folders gives the lab a /run and /proc of its own.
func folders() error {
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755,size=64m"},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	for _, d := range []string{netnsDir, nodesDir} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	return unix.Sethostname([]byte("tieline-lab"))
}

// Folders of the lab's own /run.
const (
	netnsDir  = "/run/netns"
	nodesDir  = "/run/tieline"
	hostsFile = "/run/tieline/hosts"
)
