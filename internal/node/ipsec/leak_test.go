package ipsec

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

const victim = "TIELINE_TEST_IPSEC_VICTIM"

// TestVictim is the process that [TestProcessKilled] kills.
func TestVictim(t *testing.T) {
	if os.Getenv(victim) == "" {
		t.Skip("it runs as a child of TestProcessKilled only")
	}
	b := newBench(t, 2)
	b.setBoth(t, 2, nil)
	b.up(t)
	for end := range 2 {
		for i := range 2 {
			fmt.Printf("charon %d\n", b.manager[end].pid(fmt.Sprintf("tun%d", i)))
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the end
}

// A process that is killed takes its daemons with it.
func TestProcessKilled(t *testing.T) {
	newBench(t, 0) // can tunnels be made here at all
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), victim+"=1")
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var pids []int
	sc := bufio.NewScanner(out)
	for len(pids) < 4 && sc.Scan() {
		if s, ok := strings.CutPrefix(sc.Text(), "charon "); ok {
			pid, err := strconv.Atoi(s)
			if err != nil || !alive(pid) {
				t.Fatalf("charon %q does not run (%v)", s, err)
			}
			pids = append(pids, pid)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if len(pids) < 4 {
		t.Fatalf("the child started %d daemons, want 4", len(pids))
	}
	b := &bench{}
	b.eventually(t, "end of the daemons", func() error {
		for _, pid := range pids {
			if alive(pid) {
				return fmt.Errorf("charon %d still runs", pid)
			}
		}
		return nil
	})
}

// alive reports whether a process runs; one that nobody has waited for does
// not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// A charon that hangs is replaced.
func TestCharonHangs(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, nil)
	b.up(t)
	pid := b.manager[0].pid("tun0")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b.eventually(t, "a new charon", func() error {
		if now := b.manager[0].pid("tun0"); now == 0 || now == pid {
			return fmt.Errorf("charon is %d", now)
		}
		return nil
	})
	b.up(t)
	b.eventually(t, "echo", b.echo(t, 0))
}

// A way that is cut is noticed by the liveness check, and used again when it
// is back.
func TestWayCut(t *testing.T) {
	b := newBench(t, 1)
	b.setBoth(t, 1, func(_ int, tun *nodeconf.Tunnel) { tun.IPsec.DPD = 1 })
	b.up(t)
	b.under[0][1].Run("ip", "link", "set", "wan0", "down")
	b.eventually(t, "the initiator to notice", func() error {
		if s := b.states(0)["tun0"]; s.Up || s.Why != "the peer 198.18.0.2 does not answer" {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	b.under[0][1].Run("ip", "link", "set", "wan0", "up")
	b.up(t)
	b.eventually(t, "echo", b.echo(t, 0))
}

// The node and the outside of its tunnel may share a namespace.
func TestOneNamespace(t *testing.T) {
	b := newBench(t, 1)
	b.node = b.under[0]
	for end := range 2 {
		b.manager[end].opts.Namespace = b.node[end].Path()
	}
	b.setBoth(t, 1, nil)
	b.up(t)
	b.eventually(t, "echo", b.echo(t, 0))
}

func TestOneUnderlayForTwo(t *testing.T) {
	b := newBench(t, 1)
	one, two := b.tunnel(0, 0), b.tunnel(0, 0)
	two.Name = "tun1"
	err := b.manager[0].Set(t.Context(), []nodeconf.Tunnel{one, two})
	if err == nil || !strings.Contains(err.Error(), "ipsec tun1: tunnel tun0 is in the same underlay") {
		t.Errorf("Set of two tunnels in one underlay = %v", err)
	}
	if got := b.manager[0].States(); len(got) != 1 || got[0].Name != "tun0" {
		t.Errorf("States() = %+v, want tun0", got)
	}
}
