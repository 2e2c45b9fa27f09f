package lab_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/nodeconf"
)

// script runs shell commands as root in a mount namespace of their own, with
// tieline's programs first in PATH.
func (u *user) script(text string) (string, error) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), generous)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--propagation", "private", "sh", "-c", text)
	cmd.Env = append(os.Environ(), "TIELINE_STATE="+u.state, "PATH="+u.bin+":"+os.Getenv("PATH"))
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// asRoot skips where the test is not root.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("not root: this test mounts over what the machine has")
	}
	t.Skip("not root: this test mounts over what the machine has")
}

// TestRefused: what a machine lacks is said before anything starts, with what
// to do about it.
func TestRefused(t *testing.T) {
	asRoot(t)
	u := newUser(t)
	before := u.left()
	other := filepath.Join(u.state, "other-node")
	if err := os.WriteFile(other, []byte("#!/bin/sh\necho '{\"version\":\"other\",\"nodeconf\":99}'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, first string // shell commands before lab up
		want        []string
	}{
		{"no strongSwan", "mount -t tmpfs none /usr/sbin", []string{"strongSwan is not installed", "apt-get install", "charon-systemd", "--tunnels wireguard"}},
		{"no TUN", "mount -t tmpfs none /dev/net", []string{"/dev/net/tun", "modprobe tun"}},
		{"a node of another version", "mount --bind " + other + " " + filepath.Join(u.bin, "tieline-node"), []string{"speaks version 99 of its configuration, this program 1"}},
		{"too large for the limit of files", "ulimit -n 256", []string{"open files", "wanted; the limit is 256", "ulimit -Hn"}},
		{"a full disk", "mount -t tmpfs -o size=64k none " + u.state, []string{"disk for logs", "set TIELINE_STATE to a folder with room"}},
		{"no folder for labs", "export TIELINE_STATE=/proc/nowhere", []string{"set TIELINE_STATE to a folder with room"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := u.script("set -e; " + tt.first + "; exec tieline lab up ../../examples/triangle")
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("lab up = %v, want exit status 1\n%s", err, out)
			}
			for _, want := range tt.want {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
					t.Errorf("lab up says nothing of %q:\n%s", want, out)
				}
			}
			if _, err := os.Stat(filepath.Join(u.state, "labs", "triangle")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a folder of the lab is there (%v): it was begun", err)
			}
			eventually(t, "afterwards", func() error { return same(before, u.left()) })
		})
	}
}

// TestFullDisk: a disk that fills while a lab runs costs logs and nothing else.
func TestFullDisk(t *testing.T) {
	asRoot(t)
	u := newUser(t)
	before := u.left()
	out, err := u.script(`set -e
mount -t tmpfs -o size=70m none "$TIELINE_STATE"
tieline lab up ../../examples/triangle --fast --tunnels wireguard >/dev/null
dd if=/dev/zero of="$TIELINE_STATE/fill" bs=64k 2>/dev/null || true
test "$(df --output=avail "$TIELINE_STATE" | tail -1)" -eq 0
tieline lab cut aws-oregon gcp-oregon --kind daemon
tieline lab heal
until tieline lab exec gcp-oregon/app/app -- curl -s --max-time 2 http://10.4.0.4:443; do :; done
tieline lab status >/dev/null
tieline lab down`)
	if err != nil || !strings.Contains(out, "aws-oregon/app/app, to 10.4.0.4:443") {
		t.Errorf("with a full disk: %v\n%s", err, out)
	}
	eventually(t, "after down", func() error { return same(before, u.left()) })
}

// status asks the lab.
func status(ctx context.Context, name string) (lab.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return lab.Connect(lab.DirOf(name)).Status(ctx)
}

// triangleSessions are the ends of BGP sessions of examples/triangle.
const triangleSessions = 20

// whole reports what keeps a triangle from being whole: nodes that do not
// answer or have problems, sessions that are not established, tunnels that are
// down.
func whole(ctx context.Context, name string) error {
	st, err := status(ctx, name)
	if err != nil {
		return err
	}
	up := 0
	for i := range st.Nodes {
		n := &st.Nodes[i]
		if n.State == nil {
			return fmt.Errorf("node %s: %s", n.Name, n.Why)
		}
		for _, p := range n.State.Problems {
			return fmt.Errorf("node %s: %s", n.Name, p)
		}
		for _, s := range n.State.Sessions {
			if s.State != "established" {
				return fmt.Errorf("node %s: session %s is %s: %s", n.Name, s.ID, s.State, s.Why)
			}
			up++
		}
		for _, s := range n.State.Tunnels {
			if !s.Up {
				return fmt.Errorf("node %s: tunnel %s is down: %s", n.Name, s.ID, s.Why)
			}
		}
	}
	if up != triangleSessions {
		return fmt.Errorf("%d ends of sessions are established, want %d", up, triangleSessions)
	}
	return nil
}

// nodeOf finds a node in a status.
func nodeOf(st *lab.Status, name string) *lab.NodeStatus {
	out := &lab.NodeStatus{}
	for i := range st.Nodes {
		if st.Nodes[i].Name == name {
			out = &st.Nodes[i]
		}
	}
	if out.State == nil { // it does not answer
		out.State = &nodeconf.Status{}
	}
	return out
}

// signalNode sends a signal to the program of a node.
func (u *user) signalNode(node, signal string) {
	u.t.Helper()
	u.must("lab", "exec", "node:"+node, "--", "sh", "-c", `
own=$(readlink /proc/self/ns/net)
for p in /proc/[0-9]*; do
  if [ "$(readlink $p/ns/net)" = "$own" ] && [ "$(cat $p/comm)" = tieline-node ]; then kill -`+signal+` ${p#/proc/}; exit; fi
done
exit 1`)
}

// TestHoldPort is run inside a lab by TestRecovers: it listens until its input
// ends.
func TestHoldPort(t *testing.T) {
	addr := os.Getenv("TIELINE_TEST_HOLD")
	if addr == "" {
		t.Skip("only inside a lab, for TestRecovers")
	}
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fmt.Println("holding", addr)
	os.Stdin.Read(make([]byte, 1))
}

// TestRecovers: what ends by accident comes back by itself, with its tunnels
// and sessions.
func TestRecovers(t *testing.T) {
	u := newUser(t)
	u.must("lab", "up", "../../examples/triangle", "--fast")
	curl := func() error {
		out, err := u.try("lab", "exec", "aws-oregon/app/app", "--", "curl", "-s", "--max-time", "2", "http://10.12.0.2:443")
		if err == nil && !strings.HasPrefix(out, "gcp-oregon/app/app") {
			err = fmt.Errorf("curl answered %q", out)
		}
		return err
	}
	again := func(t *testing.T) {
		t.Helper()
		eventually(t, "whole again", func() error { return whole(t.Context(), "triangle") })
		eventually(t, "a flow", curl)
	}
	again(t)

	t.Run("the daemon of a tunnel is killed", func(t *testing.T) {
		tunnel := func() (s nodeconf.TunnelState) {
			st, err := status(t.Context(), "triangle")
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range nodeOf(&st, "aws-oregon").State.Tunnels {
				if x.ID == "tunnel aws-oregon--gcp-oregon/1" {
					return x
				}
			}
			t.Fatal("aws-oregon has no tunnel aws-oregon--gcp-oregon/1")
			return s
		}
		since := tunnel().Since
		u.must("lab", "cut", "aws-oregon", "gcp-oregon", "--tunnel", "1", "--kind", "daemon")
		eventually(t, "the tunnel made anew", func() error {
			if s := tunnel(); !s.Up || !s.Since.After(since) {
				return fmt.Errorf("up %t since %v (%s), before %v", s.Up, s.Since, s.Why, since)
			}
			return nil
		})
		again(t)
		u.must("lab", "heal")
		if st, err := status(t.Context(), "triangle"); err != nil || nodeOf(&st, "aws-oregon").Crashes != 0 {
			t.Errorf("the node of the daemon ended too (%v)", err)
		}
	})

	t.Run("a node is killed", func(t *testing.T) {
		u.signalNode("gcp-oregon", "KILL")
		eventually(t, "the crash counted", func() error {
			st, err := status(t.Context(), "triangle")
			if n := nodeOf(&st, "gcp-oregon"); err == nil && n.Crashes != 1 {
				err = fmt.Errorf("%d crashes, want 1", n.Crashes)
			}
			return err
		})
		again(t)
	})

	t.Run("a node is told to end", func(t *testing.T) {
		st, err := status(t.Context(), "triangle")
		if err != nil {
			t.Fatal(err)
		}
		before := nodeOf(&st, "azure-wus2").State.Sessions[0].Since
		u.signalNode("azure-wus2", "TERM")
		eventually(t, "another node", func() error {
			if err := whole(t.Context(), "triangle"); err != nil {
				return err
			}
			st, err := status(t.Context(), "triangle")
			if n := nodeOf(&st, "azure-wus2"); err == nil && (len(n.State.Sessions) == 0 || !n.State.Sessions[0].Since.After(before)) {
				err = errors.New("its sessions are the old ones, or it has none yet")
			} else if err == nil && n.Crashes != 0 {
				err = fmt.Errorf("a planned end counted as %d crashes", n.Crashes)
			}
			return err
		})
		again(t)
	})

	t.Run("a port is in use", func(t *testing.T) {
		u.must("lab", "cut", "aws-oregon", "azure-wus2", "--kind", "daemon")
		ctx, cancel := context.WithTimeout(t.Context(), generous)
		defer cancel()
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("TIELINE_TEST_HOLD", "0.0.0.0:179")
		holder := u.command(ctx, "lab", "exec", "node:aws-oregon", "--", self, "-test.run", "^TestHoldPort$")
		in, err := holder.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := holder.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := holder.Start(); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 64)
		if n, err := out.Read(text); err != nil || !strings.Contains(string(text[:n]), "holding") {
			t.Fatalf("the port is not held: %v %q", err, text[:n])
		}
		u.must("lab", "heal")
		eventually(t, "the problem is said", func() error {
			st, err := status(t.Context(), "triangle")
			if err != nil {
				return err
			}
			n := nodeOf(&st, "aws-oregon")
			said := slices.Clone(n.State.Problems)
			for _, s := range n.State.Sessions {
				said = append(said, s.Why)
			}
			for _, p := range said {
				if strings.Contains(p, "address already in use") && strings.Contains(p, "179") {
					return nil
				}
			}
			return fmt.Errorf("it says %q", said)
		})
		in.Close()
		if err := holder.Wait(); err != nil {
			t.Errorf("the holder of the port: %v", err)
		}
		again(t)
	})
}

// TestInterrupted: Ctrl-C while a lab comes up takes it down.
func TestInterrupted(t *testing.T) {
	u := newUser(t)
	before := u.left()
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	cmd := u.command(ctx, "lab", "up", "../../examples/triangle", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The first line of progress: it has begun.
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 4096)
		for {
			if _, err := out.Read(b); err != nil {
				return
			}
		}
	}()
	if err := cmd.Wait(); err == nil {
		t.Error("lab up that was interrupted succeeded")
	}
	if labs, err := lab.List(); err != nil || len(labs) > 0 {
		t.Errorf("labs that run: %v, %v, want none", labs, err)
	}
	eventually(t, "after the interrupt", func() error { return same(before, u.left()) })
}

// TestKilledDuringDrill: whoever drills is told when the lab ends meanwhile,
// and nothing is left.
func TestKilledDuringDrill(t *testing.T) {
	u := newUser(t)
	before := u.left()
	u.must("lab", "up", "../../examples/triangle", "--fast", "--tunnels", "wireguard")
	l, err := lab.DirOf("triangle").Launched()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	_, err = lab.Connect(lab.DirOf("triangle")).Drill(ctx, lab.DrillRequest{}, func(lab.DrillUpdate) error {
		return syscall.Kill(l.Init, syscall.SIGKILL)
	})
	if err == nil || ctx.Err() != nil {
		t.Errorf("drill of a lab that was killed = %v (%v), want an error at once", err, ctx.Err())
	}
	eventually(t, "the end seen", func() error {
		if _, err := status(t.Context(), "triangle"); !errors.Is(err, lab.ErrNoLab) {
			return fmt.Errorf("status = %w, want %w", err, lab.ErrNoLab)
		}
		return nil
	})
	eventually(t, "after the kill", func() error { return same(before, u.left()) })
	u.must("lab", "up", "../../examples/triangle", "--fast", "--tunnels", "wireguard")
}
