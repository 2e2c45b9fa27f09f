// Package lab runs a compiled network on one Linux machine: a namespace for
// every routing domain and gateway with the real node in it, one for every
// subnet's machine with its native filters, one for the outside of every
// tunnel's end, and an internet between them (package relay).
//
// A lab is a supervisor process in a pid namespace of its own, with all that
// belongs to it inside: when it ends, however it ends, the kernel takes
// everything with it. [Launch] starts it, [Supervise] is what runs in it, and
// [Client] speaks to it over a socket in the lab's folder. Nothing is left on
// the machine but that folder.
package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
)

// APIVersion is the version of what the supervisor and its clients say.
const APIVersion = 1

// Options are the choices of a lab.
type Options struct {
	Tunnels  nodeconf.TunnelKind `json:"tunnels"`
	Fast     bool                `json:"fast"`     // BFD and short timers on every session
	Lifetime int                 `json:"lifetime"` // divides lifetimes of SAs
	Seed     uint64              `json:"seed"`     // of the relay
}

// Launched is what a lab's folder says of it (lab.json).
type Launched struct {
	Version int       `json:"version"`
	Name    string    `json:"name"`
	Network string    `json:"network"`
	Spec    string    `json:"spec"` // absolute path
	Lock    string    `json:"lock"` // hash of the lock it runs
	Options Options   `json:"options"`
	Init    int       `json:"init"`  // pid of the first process of its pid namespace
	Born    uint64    `json:"born"`  // start time of that process, clock ticks since boot: tells it from another with its number
	Begun   time.Time `json:"begun"` // when it was started
	Node    string    `json:"node"`  // path of tieline-node
}

// Dir is a lab's folder.
type Dir string

// Home is the folder of all labs: $TIELINE_STATE/labs, else
// $XDG_STATE_HOME/tieline/labs, else ~/.local/state/tieline/labs, else one of
// the user in the folder for temporary files.
func Home() string {
	if d := os.Getenv("TIELINE_STATE"); d != "" {
		return filepath.Join(d, "labs")
	}
	if d := os.Getenv("XDG_STATE_HOME"); d != "" {
		return filepath.Join(d, "tieline", "labs")
	}
	if d, err := os.UserHomeDir(); err == nil && d != "/" {
		return filepath.Join(d, ".local", "state", "tieline", "labs")
	}
	return filepath.Join(os.TempDir(), "tieline-"+strconv.Itoa(os.Getuid()), "labs")
}

// DirOf is the folder of the lab with a name.
func DirOf(name string) Dir { return Dir(filepath.Join(Home(), name)) }

// Name is the lab's name.
func (d Dir) Name() string { return filepath.Base(string(d)) }

// Control is the socket that the supervisor answers on; Exec is that for
// commands to run inside.
func (d Dir) Control() string { return filepath.Join(string(d), "control.sock") }

// Exec is the socket that commands to run inside are handed to.
func (d Dir) Exec() string { return filepath.Join(string(d), "exec.sock") }

// Logs is the folder of the logs.
func (d Dir) Logs() string { return filepath.Join(string(d), "log") }

func (d Dir) file() string { return filepath.Join(string(d), "lab.json") }

// longestSocket is the longest path that a unix socket can have, unix(7).
const longestSocket = 107

func (d Dir) check() error {
	if n := len(d.Control()); n > longestSocket {
		return fmt.Errorf("%s: a socket's path has at most %d bytes and this one %d; set TIELINE_STATE to a shorter folder", d.Control(), longestSocket, n)
	}
	return nil
}

// List gives the names of labs that run, sorted, and takes away what dead ones
// left.
func List() ([]string, error) {
	entries, err := os.ReadDir(Home())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("labs: %w", err)
	}
	var out []string
	for _, e := range entries {
		d := DirOf(e.Name())
		if l, err := d.Launched(); err == nil && l.Alive() {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}

// ErrNoLab is that a lab does not run.
var ErrNoLab = errors.New("no such lab runs")

// errEnded is that a process has ended and is only not reaped yet: whose parent
// is a container's first process may stay so.
var errEnded = errors.New("the process has ended")

// startTime gives when a process that runs started, in clock ticks since boot
// (proc_pid_stat(5), fields 3 and 22).
func startTime(pid int) (uint64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return 0, fmt.Errorf("/proc/%d/stat has another form", pid)
	}
	if state := fields[0]; state == "Z" || state == "X" {
		return 0, errEnded
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// Alive reports whether the lab's first process still runs.
func (l *Launched) Alive() bool {
	born, err := startTime(l.Init)
	return err == nil && l.Init > 0 && born == l.Born
}

// kill ends everything in the lab at once.
func (l *Launched) kill() error {
	if !l.Alive() {
		return nil
	}
	fd, err := unix.PidfdOpen(l.Init, 0)
	if err != nil {
		return nil // it has just ended
	}
	defer unix.Close(fd)
	if !l.Alive() {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	// A pid namespace ends with its first process; the descriptor tells when.
	_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000)
	return err
}
