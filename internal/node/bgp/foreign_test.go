package bgp

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/testkit/netlab"
)

// foreign is a peer of another make, at 192.0.2.2 with AS 65020, that announces
// 10.8.0.0/16 with MED 30.
type foreign struct {
	t      *testing.T
	routes func() (string, error) // what it learned
}

func birdPeer(t *testing.T, ns *netlab.NS) *foreign {
	t.Helper()
	bird, birdc := netlab.Need(t, "bird", "/usr/sbin/bird"), netlab.Need(t, "birdc", "/usr/sbin/birdc")
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "bird.conf"), filepath.Join(dir, "bird.ctl")
	write(t, file, `
router id 192.0.2.2;
protocol device {}
protocol static { ipv4; route 10.8.0.0/16 blackhole; }
filter announced { if source = RTS_STATIC then { bgp_med = 30; bgp_community.add((65020,7)); accept; } reject; }
protocol bgp tieline {
  local 192.0.2.2 as 65020;
  neighbor 192.0.2.1 as 64512;
  hold time 3; keepalive time 1; connect delay time 1; connect retry time 1; error wait time 1, 1;
  ipv4 { import all; export filter announced; };
}
`)
	background(t, ns, bird, "-f", "-c", file, "-s", socket, "-P", filepath.Join(dir, "bird.pid"))
	return &foreign{t: t, routes: func() (string, error) { return ns.Try(birdc, "-s", socket, "show", "route", "all") }}
}

func frrPeer(t *testing.T, ns *netlab.NS) *foreign {
	t.Helper()
	zebra, bgpd := netlab.Need(t, "/usr/lib/frr/zebra"), netlab.Need(t, "/usr/lib/frr/bgpd")
	vtysh := netlab.Need(t, "vtysh")
	dir := frrFolder(t)
	file := filepath.Join(dir, "frr.conf")
	write(t, file, `
route-map announced permit 10
 set metric 30
 set community 65020:7
router bgp 65020
 bgp router-id 192.0.2.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 192.0.2.1 remote-as 64512
 neighbor 192.0.2.1 timers 1 3
 neighbor 192.0.2.1 timers connect 1
 address-family ipv4 unicast
  network 10.8.0.0/16
  neighbor 192.0.2.1 route-map announced out
 exit-address-family
`)
	common := func(name string) []string {
		return []string{"-u", "frr", "-g", "frr", "-i", filepath.Join(dir, name+".pid"), "-z", filepath.Join(dir, "zserv.api"), "--vty_socket", dir, "-P", "0", "--log", "stdout"}
	}
	background(t, ns, zebra, append(common("zebra"), "-f", "/dev/null")...)
	until(t, "zebra's socket", func() bool { _, err := os.Stat(filepath.Join(dir, "zserv.api")); return err == nil })
	background(t, ns, bgpd, append(common("bgpd"), "-f", file, "-l", "192.0.2.2")...)
	return &foreign{t: t, routes: func() (string, error) {
		return ns.Try(vtysh, "--vty_socket", dir, "-d", "bgpd", "-c", "show bgp ipv4 unicast")
	}}
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
	t.Parallel()
	tests := []struct {
		name    string
		start   func(*testing.T, *netlab.NS) *foreign
		passive bool
	}{
		{name: "bird", start: birdPeer},
		{name: "bird dials", start: birdPeer, passive: true},
		{name: "frr", start: frrPeer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lab := netlab.New(t)
			nsA, nsB := lab.Namespace("a"), lab.Namespace("b")
			lab.Veth(nsA, "left", nsB, "right")
			nsA.Address("left", pfx("192.0.2.1/30"))
			nsB.Address("right", pfx("192.0.2.2/30"))
			peer, a := tt.start(t, nsB), newNode(t, nsA)
			begun := time.Now()
			s := conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 65020)
			s.Passive = tt.passive
			a.set(s)
			a.advertise("s", export("10.1.0.0/16"), export("10.2.0.0/16", 64999))
			until(t, "the peer's route", func() bool { return len(a.learned("s")) == 1 })
			t.Logf("established after %v", time.Since(begun))
			want := map[netip.Prefix]Learned{pfx("10.8.0.0/16"): {
				Prefix: pfx("10.8.0.0/16"), Path: []uint32{65020}, MED: 30, LocalPref: 100, Communities: []uint32{65020<<16 | 7},
			}}
			if diff := cmp.Diff(want, a.learned("s"), comparePrefixes()); diff != "" {
				t.Errorf("learned (-want +got):\n%s", diff)
			}
			shows := func(present, absent string) func() bool {
				return func() bool {
					out, err := peer.routes()
					return err == nil && strings.Contains(out, present) && (absent == "" || !strings.Contains(out, absent))
				}
			}
			until(t, "our routes at the peer", func() bool { return shows("10.1.0.0/16", "")() && shows("64512 64999", "")() })
			a.advertise("s", export("10.2.0.0/16", 64999))
			until(t, "the withdrawal at the peer", shows("10.2.0.0/16", "10.1.0.0/16"))

			if tt.passive {
				return
			}
			// A silent cut is found by the hold timer.
			nsB.Run(netlab.Need(t, "nft", "/usr/sbin/nft"), "add table inet cut; add chain inet cut in { type filter hook input priority -300; policy drop; }")
			until(t, "down", func() bool { return a.count("s", Down) == 1 })
			if got := a.learned("s"); len(got) > 0 {
				t.Errorf("%d routes after the session ended, want none", len(got))
			}
			nsB.Run(netlab.Need(t, "nft", "/usr/sbin/nft"), "delete table inet cut")
			begun = time.Now()
			until(t, "the peer's route again", func() bool { return len(a.learned("s")) == 1 })
			t.Logf("back %v after the heal", time.Since(begun))
			until(t, fmt.Sprintf("%s has ours again", tt.name), shows("10.2.0.0/16", ""))
		})
	}
}
