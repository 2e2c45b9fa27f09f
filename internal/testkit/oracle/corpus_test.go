package oracle_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/vocab"
)

// corpus lists the proved networks that are small enough to be judged naively.
var corpus = []string{
	"../../../examples/minimal", "../../../examples/triangle", "../../../examples/hub-spoke",
	"../../../examples/ml-platform", "../networks/existing", "../networks/accounts",
}

func corpusNetwork(t *testing.T, dir string) *fabric.Network {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := compileText(t, string(b))
	if !ok {
		t.Fatalf("%s does not compile", dir)
	}
	return n
}

// compileText compiles a spec, and reports whether it has no errors.
func compileText(t *testing.T, text string) (*fabric.Network, bool) {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		return nil, false
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	return r.Network, !r.Diags.HasErrors()
}

// outside is an address that no network here has.
var outside = netip.MustParseAddr("93.184.216.34")

// machines returns one machine for each part of a workload subnet and each
// prefix of a site of one's own.
func machines(n *fabric.Network) []oracle.Machine {
	var out []oracle.Machine
	for _, s := range n.Subnets {
		for _, p := range s.Parts {
			if a, ok := prefix.NthAddr(p.Prefix, 10); ok && s.Purpose == fabric.Workload {
				out = append(out, oracle.Machine{Subnet: s.ID, Zone: p.Zone, Addr: a})
			}
		}
	}
	for _, s := range n.Sites {
		if s.Cloud.IsPublic() {
			continue
		}
		for _, p := range s.Prefixes {
			if a, ok := prefix.NthAddr(p, 10); ok {
				out = append(out, oracle.Machine{Site: s.ID, Addr: a})
			}
		}
	}
	return out
}

// packets returns one packet on each side of every cut that rules make.
func packets(n *fabric.Network) []oracle.Packet {
	ports := map[uint16]bool{}
	add := func(r vocab.PortRange) {
		if r.IsAny() {
			return
		}
		ports[r.First], ports[r.Last] = true, true
		if r.Last < 65535 {
			ports[r.Last+1] = true
		}
	}
	for _, f := range n.Filters {
		for _, r := range f.Rules {
			for _, s := range r.Services {
				add(s.Ports)
			}
		}
	}
	for _, r := range n.Policy {
		for _, s := range r.Services {
			add(s.Ports)
		}
	}
	list := []uint16{9999}
	for p := range ports {
		list = append(list, p)
	}
	slices.Sort(list)
	out := []oracle.Packet{{Proto: vocab.ICMP, ICMPType: 8}}
	for _, p := range list {
		out = append(out, oracle.Packet{Proto: vocab.TCP, SrcPort: 50000, DstPort: p}, oracle.Packet{Proto: vocab.UDP, SrcPort: 50000, DstPort: p})
	}
	return out
}

// wanted reports whether the policy, or a subnet's being one, asks for a packet.
func wanted(n *fabric.Network, from, to oracle.Machine, p oracle.Packet) bool {
	if s, ok := n.Subnet(from.Subnet); ok && from.Subnet == to.Subnet {
		if i := slices.IndexFunc(n.Segments, func(x fabric.Segment) bool { return x.ID == s.Segment }); i < 0 || !n.Segments[i].InternalDeny {
			return true
		}
	}
	for _, r := range n.Policy {
		if !names(r.From, from) || !names(r.To, to) {
			continue
		}
		for _, s := range r.Services {
			if s.Proto == vocab.AnyProto || s.Proto == p.Proto && (!p.Proto.HasPorts() || s.Ports.IsAny() || s.Ports.First <= p.DstPort && p.DstPort <= s.Ports.Last) {
				return true
			}
		}
	}
	return false
}

func names(ends []fabric.PolicyEnd, m oracle.Machine) bool {
	return slices.ContainsFunc(ends, func(e fabric.PolicyEnd) bool {
		if len(e.Subnets) > 0 {
			return slices.Contains(e.Subnets, m.Subnet)
		}
		return slices.ContainsFunc(e.Prefixes, func(p netip.Prefix) bool { return p.Contains(m.Addr) })
	})
}

// TestCorpusAsStated: on the networks that compile designs, the oracle lets
// what policy states through both ways, and nothing else between machines.
func TestCorpusAsStated(t *testing.T) {
	for _, dir := range corpus {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			n := corpusNetwork(t, dir)
			o := oracle.New(n, atlas.Default(), nil, 1)
			all := machines(n)
			for _, from := range all {
				for _, to := range all {
					if from == to {
						continue
					}
					for _, p := range packets(n) {
						want := wanted(n, from, to, p)
						got := o.Send(from, to, p)
						if got.All != got.Some {
							t.Errorf("Send(%v, %v, %v) = %+v, want one answer on every way", from, to, p, got)
						}
						if got.All != want && !excused(n, from, to, p) {
							t.Errorf("Send(%v, %v, %v) = %+v, want %v", from, to, p, got, want)
						}
					}
				}
			}
		})
	}
}

// unjoined are the pairs of sites of the network of accounts that no links
// join, though policy joins their segments.
var unjoined = [][2]fabric.SiteID{{"aws-stockholm", "azure-frankfurt"}, {"azure-frankfurt", "gcp-finland"}, {"aws-stockholm", "gcp-frankfurt"}, {"aws-stockholm", "gcp-finland"}}

// excused reports whether a network is known not to do as stated: GCP and
// Azure cannot tell the ICMP of path MTU discovery from an echo, nothing
// filters between two sites of one's own, and what is not joined is not.
func excused(n *fabric.Network, from, to oracle.Machine, p oracle.Packet) bool {
	x, y := siteOf(n, from), siteOf(n, to)
	t, _ := n.Site(y)
	return !described(n, from, to) || p.Proto == vocab.ICMP && t.Cloud != vocab.AWS || from.Site != "" && to.Site != "" ||
		slices.Contains(unjoined, [2]fabric.SiteID{min(x, y), max(x, y)})
}

func siteOf(n *fabric.Network, m oracle.Machine) fabric.SiteID {
	if s, ok := n.Subnet(m.Subnet); ok {
		return s.Site
	}
	return m.Site
}

// described reports whether the filters of both ends are the network's own:
// a joined network's are not known, and taken as open.
func described(n *fabric.Network, list ...oracle.Machine) bool {
	for _, m := range list {
		if s, ok := n.Subnet(m.Subnet); ok && s.Existing {
			return false
		}
	}
	return true
}

// clone copies a network deeply.
func clone(n *fabric.Network) *fabric.Network {
	return deep(reflect.ValueOf(n).Elem()).Addr().Interface().(*fabric.Network)
}

func deep(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(deep(v.Index(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(deep(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if out.Field(i).CanSet() {
				out.Field(i).Set(deep(v.Field(i)))
			}
		}
	default:
	}
	return out
}
