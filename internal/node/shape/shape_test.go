package shape

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
	"github.com/tieline/tieline/internal/vocab"
)

func TestCheck(t *testing.T) {
	gold := nodeconf.TrafficClass{Name: "gold", DSCP: 46, Rate: 6 * vocab.Mbps}
	for _, tt := range []struct {
		name    string
		shapers []nodeconf.Shaper
		want    string // in the error; empty for none
	}{
		{"good", []nodeconf.Shaper{{Device: "a", Rate: 10 * vocab.Mbps, Classes: []nodeconf.TrafficClass{gold}}}, ""},
		{"all of it kept", []nodeconf.Shaper{{Device: "a", Rate: 6 * vocab.Mbps, Classes: []nodeconf.TrafficClass{gold}}}, ""},
		{"more than there is", []nodeconf.Shaper{{Device: "a", Rate: 5 * vocab.Mbps, Classes: []nodeconf.TrafficClass{gold}}}, "keep 6Mbps of 5Mbps"},
		{"no rate", []nodeconf.Shaper{{Device: "a"}}, "keep 0bps of 0bps"},
		{"a DSCP twice", []nodeconf.Shaper{{Device: "a", Rate: vocab.Gbps, Classes: []nodeconf.TrafficClass{gold, gold}}}, "DSCP 46"},
		{"no DSCP", []nodeconf.Shaper{{Device: "a", Rate: vocab.Gbps, Classes: []nodeconf.TrafficClass{{DSCP: 64, Rate: vocab.Mbps}}}}, "DSCP 64"},
		{"a device twice", []nodeconf.Shaper{{Device: "a", Rate: vocab.Gbps}, {Device: "a", Rate: vocab.Gbps}}, "named twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fmt.Sprint(check(tt.shapers))
			if tt.want == "" && got != "<nil>" || !strings.Contains(got, tt.want) {
				t.Errorf("check(%v) = %v, want %q", tt.shapers, got, tt.want)
			}
		})
	}
}

// state is the queues of a device, without what changes by itself.
func state(ns *netlab.NS, device string) string {
	return ns.Run("tc", "qdisc", "show", "dev", device, "root") + ns.Run("tc", "class", "show", "dev", device)
}

func TestSet(t *testing.T) {
	l := netlab.New(t)
	a, b := l.Namespace("a"), l.Namespace("b")
	l.Veth(a, "east", b, "x")
	l.Veth(a, "west", b, "y")
	s := New(a.FD())
	bare := state(a, "west")
	conf := []nodeconf.Shaper{
		{Device: "east", Rate: 20 * vocab.Mbps, Classes: []nodeconf.TrafficClass{{Name: "gold", DSCP: 46, Rate: 12 * vocab.Mbps}, {Name: "silver", DSCP: 10, Rate: 4 * vocab.Mbps}}},
		{Device: "west", Rate: 100 * vocab.Gbps},
	}
	if err := s.Set(conf); err != nil {
		t.Fatal(err)
	}
	east := state(a, "east")
	for _, want := range []string{
		`htb 7e: .* default 0x2 `, `class htb 7e:1 root rate 20Mbit ceil 20Mbit`, `class htb 7e:2 parent 7e:1 .*rate 4Mbit ceil 20Mbit`,
		`class htb 7e:12e parent 7e:1 .*rate 12Mbit ceil 20Mbit`, `class htb 7e:10a parent 7e:1 .*rate 4Mbit ceil 20Mbit`,
	} {
		if !regexp.MustCompile(want).MatchString(east) {
			t.Errorf("queues of east = %s\nwant %s", east, want)
		}
	}
	if west := state(a, "west"); !strings.Contains(west, "rate 100Gbit ceil 100Gbit") {
		t.Errorf("queues of west = %s\nwant 100Gbit", west)
	}
	if err := s.Set(conf); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(east, state(a, "east")); diff != "" {
		t.Errorf("the same again changes (-before +after):\n%s", diff)
	}
	conf[0].Classes = conf[0].Classes[:1]
	conf[0].Classes[0].Rate = 5 * vocab.Mbps
	if err := New(a.FD()).Set(conf[:1]); err != nil {
		t.Fatal(err)
	}
	east = state(a, "east")
	if strings.Contains(east, "7e:10a") || !regexp.MustCompile(`7e:12e .*rate 5Mbit`).MatchString(east) {
		t.Errorf("queues of east = %s\nwant one class of 5Mbit", east)
	}
	if got := state(a, "west"); got != bare {
		t.Errorf("queues of west = %s, want %s as at first", got, bare)
	}
	if err := s.Set([]nodeconf.Shaper{conf[0], {Device: "none", Rate: vocab.Mbps}}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("Set with a device that is not there = %v, want an error that names it", err)
	}
	if err := s.Set(nil); err != nil {
		t.Fatal(err)
	}
	if out := a.Run("nft", "list", "ruleset"); out != "" {
		t.Errorf("nft list ruleset = %s, want nothing left", out)
	}
}

// TestClassKeepsItsRate fills a device from two senders and counts what
// arrives of each until there is enough.
func TestClassKeepsItsRate(t *testing.T) {
	const (
		gold    = 46
		whole   = 40 * vocab.Mbps
		kept    = 30 * vocab.Mbps
		size    = 1200
		enough  = 3 << 20 // bytes received in all
		minutes = time.Minute
	)
	l := netlab.New(t)
	a, b := l.Namespace("a"), l.Namespace("b")
	l.Veth(a, "eth0", b, "eth0")
	a.Address("eth0", netip.MustParsePrefix("192.0.2.1/30"))
	b.Address("eth0", netip.MustParsePrefix("192.0.2.2/30"))
	err := New(a.FD()).Set([]nodeconf.Shaper{{Device: "eth0", Rate: whole, Classes: []nodeconf.TrafficClass{{Name: "gold", DSCP: gold, Rate: kept}}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), minutes)
	defer cancel()
	var received [2]atomic.Int64
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	for i, dscp := range []int{gold, 0} {
		var in, out *net.UDPConn
		addr := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 9000 + i}
		if err := b.Do(func() (err error) { in, err = net.ListenUDP("udp4", addr); return err }); err != nil {
			t.Fatal(err)
		}
		if err := a.Do(func() (err error) { out, err = net.DialUDP("udp4", nil, addr); return err }); err != nil {
			t.Fatal(err)
		}
		raw, err := out.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var refused error
		err = raw.Control(func(fd uintptr) { refused = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, dscp<<2) })
		if err := errors.Join(err, refused); err != nil {
			t.Fatal(err)
		}
		context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })
		group.Go(func() {
			b := make([]byte, size)
			for ctx.Err() == nil {
				_, _ = out.Write(b) // blocks, or fails, when its class is full
			}
		})
		group.Go(func() {
			b := make([]byte, 2*size)
			for {
				n, err := in.Read(b)
				if err != nil {
					return
				}
				received[i].Add(int64(n))
				if received[0].Load()+received[1].Load() > enough {
					cancel()
				}
			}
		})
	}
	<-ctx.Done()
	group.Wait()
	g, d := received[0].Load(), received[1].Load()
	if g+d < enough {
		t.Fatalf("received %d and %d bytes in %v, want %d", g, d, minutes, enough)
	}
	// Three quarters are kept; without classes each sender has half.
	if share := float64(g) / float64(g+d); share < 0.65 || share > 0.85 {
		t.Errorf("the class of %v in %v has %.2f of what arrived, want 0.75\n%s", kept, whole, share, a.Run("tc", "-s", "class", "show", "dev", "eth0"))
	}
}
