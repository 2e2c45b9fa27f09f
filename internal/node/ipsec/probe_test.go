package ipsec

import (
	"os"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
)

func TestProbe(t *testing.T) {
	netlab.New(t)
	mode, why := Probe()
	switch mode {
	case Kernel:
		if why != nil {
			t.Errorf("Probe() = kernel, with %v", why)
		}
	case Userspace:
		if why == nil {
			t.Error("Probe() = userspace, without a reason")
		}
	default:
		t.Errorf("Probe() = %q", mode)
	}
	t.Log(mode, why)
}

// Where the kernel has no ESP, asking for it is an error that says so, and
// leaves nothing.
func TestKernelModeWithoutKernel(t *testing.T) {
	b := newBench(t, 1)
	if mode, _ := Probe(); mode == Kernel {
		t.Skip("this kernel has ESP")
	}
	m := b.manager[0]
	m.opts.Mode = Kernel
	err := m.Set(t.Context(), []nodeconf.Tunnel{b.tunnel(0, 0)})
	if err == nil || !strings.Contains(err.Error(), "device tun0: xfrm interface") {
		t.Errorf("Set = %v, want an error that names the xfrm interface", err)
	}
	if s := m.States(); len(s) != 1 || s[0].Up || !strings.Contains(s[0].Why, "xfrm interface") || s[0].Kind != "ipsec (kernel ESP)" {
		t.Errorf("States() = %+v, want down for want of an xfrm interface", s)
	}
	m.Close()
	if left, err := os.ReadDir(m.opts.StateDir); err != nil || len(left) > 0 {
		t.Errorf("state folder has %v (%v), want nothing", left, err)
	}
}
