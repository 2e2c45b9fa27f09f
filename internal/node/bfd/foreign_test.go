package bfd

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/testkit/netlab"
)

// birdPeer runs bird's BFD at 192.0.2.2; shows says what it shows of sessions.
func birdPeer(t *testing.T, ns *netlab.NS) (shows func() string) {
	t.Helper()
	bird, birdc := netlab.Need(t, "bird", "/usr/sbin/bird"), netlab.Need(t, "birdc", "/usr/sbin/birdc")
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "bird.conf"), filepath.Join(dir, "bird.ctl")
	write(t, file, `
router id 192.0.2.2;
protocol device {}
protocol bfd tieline {
  interface "right" { min rx interval 100 ms; min tx interval 100 ms; multiplier 3; };
  neighbor 192.0.2.1 dev "right" local 192.0.2.2;
}
`)
	background(t, ns, bird, "-f", "-c", file, "-s", socket, "-P", filepath.Join(dir, "bird.pid"))
	return func() string {
		out, _ := ns.Try(birdc, "-s", socket, "show", "bfd", "sessions")
		return out
	}
}

// frrPeer runs FRR's bfdd at 192.0.2.2.
func frrPeer(t *testing.T, ns *netlab.NS) (shows func() string) {
	t.Helper()
	zebra, bfdd := netlab.Need(t, "/usr/lib/frr/zebra"), netlab.Need(t, "/usr/lib/frr/bfdd")
	vtysh := netlab.Need(t, "vtysh")
	dir := frrFolder(t)
	file := filepath.Join(dir, "bfdd.conf")
	write(t, file, `
bfd
 peer 192.0.2.1 local-address 192.0.2.2 interface right
  receive-interval 100
  transmit-interval 100
  detect-multiplier 3
`)
	common := func(name string) []string {
		return []string{"-u", "frr", "-g", "frr", "-i", filepath.Join(dir, name+".pid"), "-z", filepath.Join(dir, "zserv.api"), "--vty_socket", dir, "-P", "0", "--log", "stdout"}
	}
	background(t, ns, zebra, append(common("zebra"), "-f", "/dev/null")...)
	until(t, "zebra's socket", func() bool { _, err := os.Stat(filepath.Join(dir, "zserv.api")); return err == nil })
	background(t, ns, bfdd, append(common("bfdd"), "-f", file, "--bfdctl", filepath.Join(dir, "bfdd.sock"))...)
	return func() string {
		out, _ := ns.Try(vtysh, "--vty_socket", dir, "-d", "bfdd", "-c", "show bfd peers")
		return out
	}
}

// frrFolder is a folder that the user frr may write: its daemons give up root.
func frrFolder(t *testing.T) string {
	t.Helper()
	u, err := user.Lookup("frr")
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		netlab.Unavailable(t, "there is no user frr")
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "frr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func background(t *testing.T, ns *netlab.NS, name string, args ...string) {
	t.Helper()
	cmd := ns.Command(name, args...)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("%s:\n%s", name, b)
		}
		_ = log.Close()
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.TrimLeft(text, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestForeignPeers(t *testing.T) {
	tests := []struct {
		name  string
		start func(*testing.T, *netlab.NS) func() string
	}{
		{name: "bird", start: birdPeer},
		{name: "frr", start: frrPeer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			nsA, nsB := pair(t)
			shows := tt.start(t, nsB)
			a := newNode(t, nsA, left)
			defer func() {
				if t.Failed() {
					t.Logf("%s shows:\n%s", tt.name, shows())
				}
			}()
			until(t, "up", func() bool { return a.is(Up) })
			up := func() bool { return strings.Contains(strings.ToLower(shows()), "up") && a.is(Up) }
			until(t, "up at the peer", up)
			cut(t, nsB)
			until(t, "down", func() bool { return a.is(Down) })
			if e, _ := a.last(); !e.Failed {
				t.Errorf("event = %+v, want a failure", e)
			}
			heal(t, nsB)
			until(t, "up again", func() bool { return a.is(Up) })
			until(t, "up again at the peer", up)
			a.set()
			until(t, "the peer knows that it is on purpose", func() bool {
				return !strings.Contains(strings.ToLower(shows()), " up")
			})
		})
	}
}
