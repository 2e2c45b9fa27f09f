package lab

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
)

func TestMeminfo(t *testing.T) {
	got, err := meminfo([]byte("MemTotal:       24683472 kB\nMemFree:        19842000 kB\nMemAvailable:   1000 kB\n"))
	if err != nil || got != 1000<<10 {
		t.Errorf("meminfo = %d, %v, want %d", got, err, 1000<<10)
	}
	for _, s := range []string{"", "MemFree: 1 kB\n", "MemAvailable: much kB\n", "MemAvailable:\n"} {
		if got, err := meminfo([]byte(s)); err == nil {
			t.Errorf("meminfo(%q) = %d, want an error", s, got)
		}
	}
}

// TestTooLarge: a plan beyond the machine is refused with what it would take.
func TestTooLarge(t *testing.T) {
	p := &nodes.Plan{Nodes: make([]nodes.Node, 1_000_000)}
	if n := memory(p); n.OK || !strings.Contains(n.Found, "for 1000000 nodes") || !strings.Contains(n.Fix, "more memory") {
		t.Errorf("memory of a million nodes = %+v, want it refused with the estimate", n)
	}
	if n := descriptors(p); n.OK || n.Fix == "" {
		t.Errorf("descriptors of a million nodes = %+v, want it refused", n)
	}
	small := &nodes.Plan{Nodes: make([]nodes.Node, 1)}
	for _, n := range []Need{memory(small), processes(small), descriptors(small)} {
		if !n.OK || n.Fix != "" {
			t.Errorf("%s of one node = %+v, want it met", n.Name, n)
		}
	}
}

func TestWireGuardIsProposedWhereItFits(t *testing.T) {
	conf := nodeconf.Config{Tunnels: make([]nodeconf.Tunnel, 10)}
	for i := range conf.Tunnels {
		conf.Tunnels[i].Kind = nodeconf.IPsec
	}
	p := &nodes.Plan{Nodes: []nodes.Node{{Config: conf}}}
	if _, all := p.Estimate(); withoutCharons(p) >= all {
		t.Errorf("withoutCharons = %d, want less than %d", withoutCharons(p), all)
	}
}

func TestNodeProgram(t *testing.T) {
	dir := t.TempDir()
	script := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name, node, found string
		ok                bool
	}{
		{"the right one", script("good", `echo '{"version":"v1","nodeconf":1}'`), "/good", true},
		{"another version", script("other", `echo '{"version":"v1","nodeconf":99}'`), "speaks version 99", false},
		{"no such program", filepath.Join(dir, "none"), "no such file", false},
		{"one that fails", script("bad", "exit 3"), "exit status 3", false},
		{"something else", script("else", "echo hello"), `printed "hello"`, false},
		{"none was found", "", "not found", false},
	}
	for _, tc := range tests {
		n := nodeProgram(t.Context(), PreflightInput{Node: tc.node, NodeFix: "make build"})
		if n.OK != tc.ok || !strings.Contains(n.Found, tc.found) || n.OK != (n.Fix == "") {
			t.Errorf("%s: nodeProgram = %+v, want ok %v and %q", tc.name, n, tc.ok, tc.found)
		}
	}
}

// TestTrialsThatDoNotRun: a child that cannot be started, fails, or says
// nothing is a need that is not met, never a pass.
func TestTrialsThatDoNotRun(t *testing.T) {
	for _, in := range []PreflightInput{{Self: "/does/not/exist"}, {Self: "/bin/false"}, {Self: "/bin/true"}, {Self: "/bin/echo", Args: []string{"[]"}}} {
		got := trials(context.Background(), in)
		if len(got) != 1 || got[0].OK || got[0].Name != "namespaces" || got[0].Fix == "" {
			t.Errorf("trials(%s) = %+v, want namespaces missing, with a fix", in.Self, got)
		}
	}
}

func TestDiskIsTried(t *testing.T) {
	t.Setenv("TIELINE_STATE", t.TempDir())
	if n := disk(); !n.OK {
		t.Errorf("disk = %+v, want it met", n)
	}
	left, err := os.ReadDir(Home())
	if err != nil || len(left) > 0 {
		t.Errorf("the trial left %v (%v)", left, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TIELINE_STATE", file)
	if n := disk(); n.OK || n.Fix == "" {
		t.Errorf("disk in a file = %+v, want it refused", n)
	}
	t.Setenv("TIELINE_STATE", "/tmp/"+strings.Repeat("x", 100))
	if n := socketPath(); n.OK {
		t.Errorf("socketPath of %s = %+v, want it refused", Home(), n)
	}
}

func TestLacking(t *testing.T) {
	needs := []Need{{Name: "a", OK: true}, {Name: "b"}, {Name: "c", Optional: true}}
	if diff := cmp.Diff([]Need{{Name: "b"}}, Lacking(needs)); diff != "" {
		t.Errorf("Lacking (-want +got):\n%s", diff)
	}
}

// TestTry: what fails has its reason and the fix, and what is optional says so.
func TestTry(t *testing.T) {
	x := &trial{ctx: t.Context()}
	x.try("good", "never", func() error { return nil })
	x.optional("bad", "mend it", func() error { return os.ErrPermission })
	want := []Need{{Name: "good", OK: true}, {Name: "bad", Optional: true, Found: "permission denied", Fix: "mend it"}}
	if diff := cmp.Diff(want, x.out); diff != "" {
		t.Errorf("trial (-want +got):\n%s", diff)
	}
	if !slices.Contains(StrongSwan, "libcharon-extra-plugins") {
		t.Errorf("StrongSwan = %v, without the package of userspace ESP", StrongSwan)
	}
}
