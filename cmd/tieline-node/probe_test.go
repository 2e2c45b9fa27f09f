package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

// TestProbes: two nodes measure each link between them by itself, also where
// the other is cut.
func TestProbes(t *testing.T) {
	t.Parallel()
	netlab.Need(t, "nft")
	p := newPair(t)
	for n, node := range []*process{p.a, p.b} {
		c := half(n+1, string("ab"[n]))
		for i := range c.Sessions {
			s := &c.Sessions[i]
			c.Probes = append(c.Probes, nodeconf.Probe{
				ID: "link " + s.ID, Kind: nodeconf.STAMP, Device: s.Device, Local: s.Local, Target: netip.AddrPortFrom(s.Peer, 0),
				Interval: 50, Timeout: 500, PathMTU: true,
			})
			c.Reflect = append(c.Reflect, netip.AddrPortFrom(s.Local, 0))
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		node.until("it answers", func(st nodeconf.Status) bool { return st.Node != "" })
		if code, text := node.request(http.MethodPut, "/v1/config", b); code != http.StatusOK {
			t.Fatalf("PUT = %d %s, want 200", code, text)
		}
	}
	for _, node := range []*process{p.a, p.b} {
		node.until("both links measured", func(st nodeconf.Status) bool {
			return len(st.Probes) == 2 && st.Probes[0].Min > 0 && st.Probes[1].Min > 0 && st.Probes[0].PathMTU == 1500 && st.Probes[1].PathMTU == 1500
		})
	}
	_, text := p.a.request(http.MethodGet, "/metrics", nil)
	for _, want := range []string{
		`tieline_probe_path_mtu_bytes{probe="link s1"} 1500`, `tieline_probe_rtt_seconds_bucket{probe="link s2",le="+Inf"}`,
		`tieline_probe_rtt_seconds_count{probe="link s1"}`, `tieline_probe_recent_rtt_seconds{probe="link s1",stat="p99"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %q:\n%s", want, text)
		}
	}
	lost := func(st nodeconf.Status) [2]uint64 { return [2]uint64{st.Probes[0].Lost, st.Probes[1].Lost} }
	before := lost(p.a.until("a status", func(st nodeconf.Status) bool { return len(st.Probes) == 2 && st.Probes[1].Failures == "" }))
	cross(p.nsB, "t1")
	st := p.a.until("the first link lost", func(st nodeconf.Status) bool { return st.Probes[0].Lost >= before[0]+5 })
	if got := lost(st); got[1] != before[1] || st.Probes[0].Failures == "" || st.Probes[1].Failures != "" {
		t.Errorf("lost %v, before %v, %s: want losses of the first link only", got, before, fmt.Sprint(st.Probes))
	}
}
