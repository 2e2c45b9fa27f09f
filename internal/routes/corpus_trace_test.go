package routes_test

import (
	"testing"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// TestFlowsArrive traces every pair of subnets that the policy of a small
// network joins and whose sites have a way: it must end in a subnet.
func TestFlowsArrive(t *testing.T) {
	for name := range corpus {
		if name == "estate" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			n, a := load(t, name)
			tables := routes.New(n, a).Tables(nil)
			traced := 0
			for _, rule := range n.Policy {
				for _, from := range rule.From {
					for _, to := range rule.To {
						traced += traceEnds(t, n, tables, from, to) + traceEnds(t, n, tables, to, from)
					}
				}
			}
			if len(n.Policy) > 0 && traced == 0 {
				t.Error("traced nothing")
			}
		})
	}
}

func traceEnds(t *testing.T, n *fabric.Network, tables *routes.Tables, from, to fabric.PolicyEnd) int {
	t.Helper()
	count := 0
	for _, s := range from.Subnets {
		src, _ := n.Subnet(s)
		for _, part := range src.Parts {
			table := tables.TableOf(s, part.Zone)
			for _, d := range to.Subnets {
				dst, _ := n.Subnet(d)
				if !joined(n, src.Site, dst.Site) {
					continue
				}
				for _, p := range dst.Parts {
					paths, complete := tables.Trace(table, p.Prefix.Addr().Next())
					if !complete || len(paths) == 0 {
						t.Errorf("Trace(%s, %s) = %d paths, complete %v", s, d, len(paths), complete)
					}
					for _, path := range paths {
						if path.Outcome != routes.Delivered {
							t.Errorf("Trace(%s, %s) ends with %q at %s", s, d, path.Outcome, tables.Tables[path.Steps[len(path.Steps)-1].Table].ID)
						}
					}
					count++
				}
			}
		}
	}
	return count
}

// joined reports whether two sites are one, have a link, or a hub that carries
// the traffic of both.
func joined(n *fabric.Network, a, b fabric.SiteID) bool {
	if _, ok := n.Link(fabric.LinkBetween(a, b)); ok || a == b {
		return true
	}
	for _, l := range n.Links {
		if l.Transit == "" || l.Sites[0] != a && l.Sites[1] != a {
			continue
		}
		if m, ok := n.Link(fabric.LinkBetween(l.Transit, b)); ok && m.Transit == l.Transit {
			return true
		}
	}
	return false
}
