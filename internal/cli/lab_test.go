package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/lab"
)

// names is a lab with two links.
func names() lab.Names {
	return lab.Names{
		Machines: []lab.MachineName{{Name: "a/net/app", Host: "app.net.a", Aliases: []string{"app.a"}, Addr: "10.0.0.4"}, {Name: "headquarters", Host: "headquarters", Addr: "10.9.0.4"}},
		Nodes:    []string{"a", "headquarters"},
		Outsides: []string{"a--b/0:a"},
		Links:    []lab.LinkName{{ID: "a--b", Sites: [2]string{"a", "b"}, Tunnels: 2}, {ID: "b--c", Sites: [2]string{"b", "c"}}},
		Parts:    []string{"gateway b/vpn#0", "link a--b", "tunnel a--b/0"},
	}
}

// problemOf gives the text and hint of a usageError.
func problemOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var usage *usageError
	if !errors.As(err, &usage) {
		t.Fatalf("%v is no usageError", err)
	}
	return strings.TrimSuffix(usage.text+"; "+usage.hint, "; ")
}

func TestMachine(t *testing.T) {
	tests := []struct{ ref, want, problem string }{
		{ref: "a/net/app", want: "a/net/app"},
		{ref: "app.net.a", want: "a/net/app"},
		{ref: "app.a", want: "a/net/app"},
		{ref: "10.0.0.4", want: "a/net/app"},
		{ref: "headquarters", want: "headquarters"}, // the machine, before the node
		{ref: "node:headquarters", want: "node:headquarters"},
		{ref: "a", want: "a"},
		{ref: "a--b/0:a", want: "a--b/0:a"},
		{ref: "a/net/ap", problem: `the lab has no machine "a/net/ap"; did you mean "a/net/app"?`},
		{ref: "node:x", problem: `the lab has no machine "node:x"; machines are a/net/app, headquarters`},
	}
	for _, tc := range tests {
		n := names()
		got, err := machine(&n, tc.ref)
		if got != tc.want || problemOf(t, err) != tc.problem {
			t.Errorf("machine(%q) = %q, %q, want %q, %q", tc.ref, got, problemOf(t, err), tc.want, tc.problem)
		}
	}
}

func TestKnown(t *testing.T) {
	tests := []struct {
		name    string
		q, want lab.FaultRequest
		problem string
	}{
		{name: "both sites", q: lab.FaultRequest{A: "a", B: "b", Tunnel: -1}, want: lab.FaultRequest{A: "a", B: "b", Tunnel: -1}},
		{name: "the other way", q: lab.FaultRequest{A: "b", B: "a", Tunnel: 1}, want: lab.FaultRequest{A: "b", B: "a", Tunnel: 1}},
		{name: "an id becomes its sites", q: lab.FaultRequest{A: "b--c", Tunnel: -1}, want: lab.FaultRequest{A: "b", B: "c", Tunnel: -1}},
		{name: "no such tunnel", q: lab.FaultRequest{A: "a", B: "b", Tunnel: 2}, want: lab.FaultRequest{A: "a", B: "b", Tunnel: 2}, problem: "link a--b has no tunnel 2; it has 2, from 0"},
		{name: "a link without tunnels", q: lab.FaultRequest{A: "b", B: "c"}, want: lab.FaultRequest{A: "b", B: "c"}, problem: "link b--c has no tunnel 0; it has 0, from 0"},
		{name: "not joined", q: lab.FaultRequest{A: "a", B: "c", Tunnel: -1}, want: lab.FaultRequest{A: "a", B: "c", Tunnel: -1}, problem: "no link joins a and c; links are a--b, b--c"},
		{name: "an unknown id", q: lab.FaultRequest{A: "a--d", Tunnel: -1}, want: lab.FaultRequest{A: "a--d", Tunnel: -1}, problem: `the lab has no link "a--d"; did you mean "a--b"?`},
		{name: "a part", q: lab.FaultRequest{Part: "link a--b"}, want: lab.FaultRequest{Part: "link a--b"}},
		{name: "a region is judged by the lab", q: lab.FaultRequest{Part: "region aws:x"}, want: lab.FaultRequest{Part: "region aws:x"}},
		{
			name: "an unknown part", q: lab.FaultRequest{Part: "gateway b/vpn#1"}, want: lab.FaultRequest{Part: "gateway b/vpn#1"},
			problem: `nothing in the lab that fails as one is "gateway b/vpn#1"; did you mean "gateway b/vpn#0"?`,
		},
	}
	for _, tc := range tests {
		n, q := names(), tc.q
		problem := problemOf(t, known(&n, &q))
		if problem != tc.problem {
			t.Errorf("%s: known(%+v) = %q, want %q", tc.name, tc.q, problem, tc.problem)
		}
		if diff := cmp.Diff(tc.want, q); diff != "" {
			t.Errorf("%s: the request afterwards (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestParsePercent(t *testing.T) {
	for s, want := range map[string]float64{"": 0, "0%": 0, "2%": 0.02, "2.5 %": 0.025, "100%": 1} {
		if got, err := parsePercent(s); err != nil || got != want {
			t.Errorf("parsePercent(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"2", "%", "-1%", "101%", "two%", "NaN%", "Inf%"} {
		if got, err := parsePercent(s); err == nil {
			t.Errorf("parsePercent(%q) = %v, want an error", s, got)
		}
	}
}

func TestTail(t *testing.T) {
	text := "1\n2\n3\n4\n5\n6\n7\n"
	for n, want := range map[int]string{1: "7\n", 3: "5\n6\n7\n", 7: text, 100: text} {
		var b strings.Builder
		if err := tail(&b, strings.NewReader(text), n); err != nil || b.String() != want {
			t.Errorf("tail(%d) = %q, %v, want %q", n, b.String(), err, want)
		}
	}
}
