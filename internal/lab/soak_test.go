package lab_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/lab"
)

// TestRekeysUnderTraffic: lifetimes cut to some seconds, so that every tunnel
// makes the keys of its CHILD_SA anew 24 times and those of its IKE SA 3 times,
// as in a day, with packets on all flows of policy.
func TestRekeysUnderTraffic(t *testing.T) {
	if os.Getenv("TIELINE_SOAK") == "" {
		t.Skip("takes minutes: make soak runs it")
	}
	const (
		children, ikes = 24, 3
		mostLost       = 0.01
		most           = 20 // minutes
	)
	u := newUser(t)
	u.must("lab", "up", "../../examples/triangle", "--fast", "--lifetimes", "720")
	ctx, cancel := context.WithTimeout(t.Context(), (most+1)*time.Minute)
	defer cancel()
	fewest := func() (child, ike int) {
		st, err := status(ctx, "triangle")
		if err != nil {
			t.Fatal(err)
		}
		child, ike = children, ikes
		for i := range st.Nodes {
			if st.Nodes[i].State == nil {
				t.Fatalf("node %s: %s", st.Nodes[i].Name, st.Nodes[i].Why)
			}
			for _, x := range st.Nodes[i].State.Tunnels {
				ike, child = min(ike, x.Rekeys[0]), min(child, x.Rekeys[1])
			}
		}
		return child, ike
	}
	sent, lost := map[string]int{}, map[string]int{}
	longest := 0.0
	for deadline := time.Now().Add(most * time.Minute); ; {
		flows, err := lab.Connect(lab.DirOf("triangle")).Load(ctx, lab.LoadRequest{Seconds: 20}, func() error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range flows {
			sent[f.Flow] += f.Sent
			lost[f.Flow] += f.Lost
			longest = max(longest, f.Longest)
		}
		child, ike := fewest()
		t.Logf("every tunnel's end has at least %d rekeys of its child and %d of its IKE SA; longest gap %.0f ms", child, ike, longest)
		if child >= children && ike >= ikes {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %d minutes some end has %d and %d rekeys, want %d and %d", most, child, ike, children, ikes)
		}
	}
	for f := range sent {
		if share := float64(lost[f]) / float64(sent[f]); share >= mostLost {
			t.Errorf("%s: %d of %d packets lost (%.2f %%), want under %g %%", f, lost[f], sent[f], share*100, mostLost*100)
		}
	}
	t.Logf("packets sent %v, lost %v", sent, lost)
}
