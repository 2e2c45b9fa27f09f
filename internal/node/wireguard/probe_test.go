package wireguard

import (
	"testing"

	"github.com/tieline/tieline/internal/testkit/netlab"
)

func TestProbe(t *testing.T) {
	netlab.New(t)
	p, err := Probe()
	if err != nil || p != Kernel && p != Userspace {
		t.Errorf("Probe() = %q, %v; want one that works", p, err)
	}
	t.Log(p)
}
