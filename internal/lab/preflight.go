package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/vocab"
)

// Need is one thing that a lab needs of the machine, and what came of trying
// it.
type Need struct {
	Name string `json:"need"`
	OK   bool   `json:"ok"`
	// Optional: a lab runs without it, not as well.
	Optional bool   `json:"optional,omitempty"`
	Found    string `json:"found,omitempty"` // what there is, or what failed
	Fix      string `json:"fix,omitempty"`   // what to do about it
}

// Lacking gives the needs that are not met and not optional.
func Lacking(needs []Need) []Need {
	var out []Need
	for _, n := range needs {
		if !n.OK && !n.Optional {
			out = append(out, n)
		}
	}
	return out
}

// PreflightInput is what is to be run, and how to try whether it can be.
type PreflightInput struct {
	Plan    *nodes.Plan // nil: whatever any lab needs
	Tunnels nodeconf.TunnelKind
	Node    string   // path of tieline-node; empty: none was found
	NodeFix string   // what to do where none was
	Self    string   // this program
	Args    []string // by which it calls [Trial]
}

// trialWithin bounds the trials in the child.
const trialWithin = time.Minute

// Preflight tries everything that a lab needs: what needs namespaces in a
// throw-away child, by really doing it; what the machine has left against the
// estimate of the plan. Nothing of it stays. The order of the answer is fixed.
func Preflight(ctx context.Context, in PreflightInput) []Need {
	out := trials(ctx, in)
	out = append(out, nodeProgram(ctx, in))
	if in.Plan != nil {
		out = append(out, memory(in.Plan), processes(in.Plan), descriptors(in.Plan))
	}
	return append(out, disk(), socketPath())
}

// trials runs the child and reads what it found.
func trials(ctx context.Context, in PreflightInput) []Need {
	spaces := Need{Name: "namespaces"}
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, in.Self, in.Args...)
	cmd.SysProcAttr = namespaces()
	cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	cmd.Dir, cmd.WaitDelay = "/", time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// The thread that starts the child has to live as long as it does
	// (PR_SET_PDEATHSIG); the main goroutine's may end before.
	err := onLockedThread(cmd.Run)
	var found []Need
	if json.Unmarshal(stdout.Bytes(), &found) == nil && len(found) > 0 {
		spaces.OK, spaces.Found = true, "as root"
		if os.Geteuid() != 0 {
			spaces.Found = "without root, by user namespaces"
		}
		return append([]Need{spaces}, found...)
	}
	switch {
	case ctx.Err() != nil:
		spaces.Found = fmt.Sprintf("the trial did not end within %s", trialWithin)
	case err != nil:
		spaces.Found = strings.TrimSpace(err.Error() + " " + oneLine(stderr.String()))
	default:
		spaces.Found = "the trial said nothing " + oneLine(stderr.String())
	}
	spaces.Fix = namespacesFix(err)
	return []Need{spaces}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// namespacesFix names the switch that keeps namespaces from being made.
func namespacesFix(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return "the number of namespaces is bound: sysctl user.max_user_namespaces, user.max_net_namespaces and user.max_pid_namespaces"
	case os.Geteuid() == 0:
		return "this root may not make namespaces: in a container, run it with --privileged (or --cap-add SYS_ADMIN,NET_ADMIN --security-opt seccomp=unconfined)"
	case sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "AppArmor keeps users from making namespaces: run it as root, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
	case sysctl("kernel/unprivileged_userns_clone") == "0":
		return "users may not make namespaces here: run it as root, or sysctl -w kernel.unprivileged_userns_clone=1"
	case sysctl("user/max_user_namespaces") == "0":
		return "users may not make namespaces here: run it as root, or sysctl -w user.max_user_namespaces=10000"
	}
	return "run it as root"
}

func sysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// nodeProgram asks tieline-node which version of its configuration it speaks.
func nodeProgram(ctx context.Context, in PreflightInput) Need {
	n := Need{Name: "tieline-node", Fix: "make build makes it beside tieline"}
	if in.Node == "" {
		n.Found, n.Fix = "not found", in.NodeFix
		return n
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	b, err := exec.CommandContext(ctx, in.Node, "version").Output()
	if err != nil {
		n.Found = fmt.Sprintf("%s version: %v", in.Node, err)
		return n
	}
	var v struct {
		Version  string `json:"version"`
		Nodeconf int    `json:"nodeconf"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		n.Found = fmt.Sprintf("%s version printed %q", in.Node, oneLine(string(b[:min(len(b), 100)])))
		return n
	}
	if v.Nodeconf != nodeconf.Version {
		n.Found = fmt.Sprintf("%s speaks version %d of its configuration, this program %d", in.Node, v.Nodeconf, nodeconf.Version)
		return n
	}
	n.OK, n.Found, n.Fix = true, in.Node, ""
	return n
}

const mebibyte = 1 << 20

func mib(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GiB", bytes>>30)
	}
	return fmt.Sprintf("%d MiB", bytes/mebibyte)
}

// memory holds the estimate against what is available, here and in the control
// group.
func memory(p *nodes.Plan) Need {
	_, want := p.Estimate()
	n := Need{Name: "memory"}
	have, err := available()
	if err != nil {
		n.Found, n.Fix = err.Error(), "mount /proc"
		return n
	}
	n.OK = have >= uint64(want)
	n.Found = fmt.Sprintf("%s wanted for %s, %s available", mib(uint64(want)), sizeOf(p), mib(have))
	if !n.OK {
		n.Fix = "the spec is too large for this machine: a machine with more memory"
		if byWireGuard := withoutCharons(p); byWireGuard < want && uint64(byWireGuard) <= have {
			n.Fix += fmt.Sprintf(", or --tunnels wireguard, which takes %s", mib(uint64(byWireGuard)))
		}
	}
	return n
}

// sizeOf says how large a plan is.
func sizeOf(p *nodes.Plan) string {
	return fmt.Sprintf("%d nodes, %d machines and %d tunnel ends", len(p.Nodes), len(p.Machines), len(p.Underlays))
}

// withoutCharons is the estimate with WireGuard in place of IPsec.
func withoutCharons(p *nodes.Plan) vocab.Volume {
	q := nodes.Plan{Nodes: make([]nodes.Node, len(p.Nodes)), Machines: p.Machines}
	_, memory := q.Estimate()
	return memory
}

// available is the memory that programs can still get, in bytes: of the
// machine, and of the control group that this process is in (cgroup v2).
func available() (uint64, error) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	have, err := meminfo(b)
	if err != nil {
		return 0, err
	}
	limit, used, ok := group("memory.max", "memory.current")
	if ok && limit > used {
		have = min(have, limit-used)
	}
	return have, nil
}

// meminfo reads MemAvailable (proc_meminfo(5)), in bytes.
func meminfo(b []byte) (uint64, error) {
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "MemAvailable:" {
			continue
		}
		kib, err := strconv.ParseUint(f[1], 10, 54)
		if err != nil {
			return 0, fmt.Errorf("/proc/meminfo: %w", err)
		}
		return kib << 10, nil
	}
	return 0, errors.New("/proc/meminfo has no MemAvailable")
}

// group reads a limit of the process's control group and what is used of it;
// false where there is none.
func group(limit, current string) (most, used uint64, ok bool) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, 0, false
	}
	path, found := strings.CutPrefix(strings.TrimSpace(string(b)), "0::")
	if !found {
		return 0, 0, false
	}
	read := func(name string) (uint64, bool) {
		b, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", path, name))
		if err != nil {
			return 0, false
		}
		v, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64) // "max" is no number
		return v, err == nil
	}
	if most, ok = read(limit); !ok {
		return 0, 0, false
	}
	used, ok = read(current)
	return most, used, ok
}

// processes holds the estimate against the limits of the user and the control
// group. Each process has some ten threads, which count.
func processes(p *nodes.Plan) Need {
	const threads = 16
	n := Need{Name: "processes"}
	count, _ := p.Estimate()
	want := uint64(count) * threads
	have, what := uint64(1<<62), "no limit"
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &l); err == nil && l.Cur < have && os.Geteuid() != 0 {
		have, what = l.Cur, fmt.Sprintf("ulimit -u is %d", l.Cur)
	}
	if most, used, ok := group("pids.max", "pids.current"); ok && most > used && most-used < have {
		have, what = most-used, fmt.Sprintf("%d left in the control group", most-used)
	}
	n.OK = have >= want
	n.Found = fmt.Sprintf("%d processes with some %d threads wanted; %s", count, want, what)
	if !n.OK {
		n.Fix = fmt.Sprintf("raise the limit to %d", want)
	}
	return n
}

// descriptors holds the files that the supervisor keeps open against its
// limit.
func descriptors(p *nodes.Plan) Need {
	n := Need{Name: "open files"}
	want := uint64(256 + len(p.Nodes)*4 + len(p.Underlays)*2 + len(p.Wires)*2)
	for i := range p.Machines {
		want += uint64(4 + 2*len(p.Machines[i].Open))
	}
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		n.Found, n.Fix = err.Error(), "ulimit -n"
		return n
	}
	n.OK = l.Max >= want // Go raises the soft limit to the hard one
	n.Found = fmt.Sprintf("%d wanted; the limit is %d", want, l.Max)
	if !n.OK {
		n.Fix = fmt.Sprintf("raise the hard limit of open files (ulimit -Hn) to %d", want)
	}
	return n
}

// leastDisk is what logs need.
const leastDisk = 64 * mebibyte

// disk writes where the logs will be, and looks what is free there.
func disk() Need {
	n := Need{Name: "disk for logs", Fix: "set TIELINE_STATE to a folder with room"}
	home := Home()
	if err := os.MkdirAll(home, 0o700); err != nil {
		n.Found = err.Error()
		return n
	}
	f, err := os.CreateTemp(home, ".try")
	if err != nil {
		n.Found = err.Error()
		return n
	}
	_, err = f.Write(make([]byte, 4096))
	if err := errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		n.Found = err.Error()
		if errors.Is(err, unix.ENOSPC) {
			n.Found = home + ": the disk is full"
		}
		return n
	}
	var st unix.Statfs_t
	if err := unix.Statfs(home, &st); err != nil {
		n.Found = (&fs.PathError{Op: "statfs", Path: home, Err: err}).Error()
		return n
	}
	free := st.Bavail * uint64(st.Bsize)
	n.OK = free >= leastDisk
	n.Found = fmt.Sprintf("%s free in %s", mib(free), home)
	if n.OK {
		n.Fix = ""
	}
	return n
}

// socketPath checks that a socket in the folder of labs can have its path.
func socketPath() Need {
	n := Need{Name: "socket", OK: true, Found: Home()}
	if err := DirOf("a-name-of-twenty-byte").check(); err != nil {
		n.OK, n.Found, n.Fix = false, err.Error(), "set TIELINE_STATE to a shorter folder"
	}
	return n
}
