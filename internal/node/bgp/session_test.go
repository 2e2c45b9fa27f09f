package bgp

import (
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
)

func TestTwoNodes(t *testing.T) {
	t.Parallel()
	_, _, _, a, b := pair(t)
	med := uint32(70)
	left := conf("s", "left", "192.0.2.1", "192.0.2.2", 64512, 65010)
	left.Prepend, left.MED, left.Communities = 2, &med, []string{"65000:100"}
	right := conf("s", "right", "192.0.2.2", "192.0.2.1", 65010, 64512)
	right.Refuse = []netip.Prefix{pfx("10.9.0.0/16")}
	begun := time.Now()
	a.set(left)
	b.set(right)
	a.advertise("s", export("10.1.0.0/16"), export("10.9.1.0/24"), export("10.2.0.0/16", 64999), export("10.3.0.0/16", 65010))
	b.advertise("s", export("10.4.0.0/16"))
	until(t, "routes both ways", func() bool { return len(b.learned("s")) == 2 && len(a.learned("s")) == 1 })
	t.Logf("routes both ways after %v", time.Since(begun))
	want := map[netip.Prefix]Learned{
		pfx("10.1.0.0/16"): {Prefix: pfx("10.1.0.0/16"), Path: []uint32{64512, 64512, 64512}, MED: 70, LocalPref: 100, Communities: []uint32{65000<<16 | 100}},
		pfx("10.2.0.0/16"): {Prefix: pfx("10.2.0.0/16"), Path: []uint32{64512, 64512, 64512, 64999}, MED: 70, LocalPref: 100, Communities: []uint32{65000<<16 | 100}},
	}
	if diff := cmp.Diff(want, b.learned("s"), cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })); diff != "" {
		t.Errorf("learned (-want +got):\n%s", diff)
	}
	state := b.state("s")
	if state.State != "established" || state.Received != 3 || state.Taken != 2 || state.Advertised != 1 || state.Transitions != 1 {
		t.Errorf("state of b = %+v, want established, 3 received, 2 taken, 1 advertised, 1 transition", state)
	}

	// Only the difference goes out: one update event, with one route of each.
	before := b.count("s", Update)
	a.advertise("s", export("10.1.0.0/16"), export("10.9.1.0/24"), export("10.5.0.0/16"))
	until(t, "the new list", func() bool {
		return slices.Equal(slices.SortedFunc(maps.Keys(b.learned("s")), comparePrefix), []netip.Prefix{pfx("10.1.0.0/16"), pfx("10.5.0.0/16")})
	})
	for _, e := range b.events[:] {
		if before--; before < 0 && e.Kind == Update && len(e.Add)+len(e.Withdraw) > 2 {
			t.Errorf("update %+v, want only what changed", e)
		}
	}

	// Set again changes nothing; another policy does not end the session.
	a.set(left)
	right.Refuse = nil
	b.set(right)
	until(t, "what was refused before", func() bool { return len(b.learned("s")) == 3 })
	if n := b.count("s", Down); n != 0 {
		t.Errorf("%d downs, want none: only the policy changed", n)
	}

	// Reset empties at once, and the session comes back with all of it.
	a.tell(order{Reset: "s", Why: "BFD is down"})
	until(t, "down on both ends", func() bool { return a.count("s", Down) == 1 && b.count("s", Down) == 1 })
	begun = time.Now()
	until(t, "all back", func() bool { return len(b.learned("s")) == 3 && len(a.learned("s")) == 1 })
	t.Logf("all back %v after the reset", time.Since(begun))

	// A session that is taken away ends on the other side too.
	a.tell(order{Set: []nodeconf.Session{}})
	until(t, "down after removal", func() bool { return b.count("s", Down) == 2 })
}
