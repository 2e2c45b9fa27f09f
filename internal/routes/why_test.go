package routes_test

import (
	"testing"

	"github.com/tieline/tieline/internal/fabric"
)

// TestWhy: a route says what it won over, once, and every AS path of neighbours
// that are used at the same time.
func TestWhy(t *testing.T) {
	n := transit()
	n.office("branch", "192.168.0.0/16 172.16.0.0/24", 65002)
	vpn := fabric.AttachmentID("vpn--" + string(n.vpn("west/tgw", "branch/cpe", 2)))
	g := n.find("west/tgw")
	g.Tables[0].Propagate = append(g.Tables[0].Propagate, vpn)
	g.Tables[1].Associate = append(g.Tables[1].Associate, vpn)
	tables := n.tables()
	for _, tt := range []struct{ table, prefix, want string }{
		{"west/tgw/vpcs", "192.168.0.0/16", "equal AS paths of 2 neighbours: 65001, 65002"},
		{"west/tgw/vpcs", "172.16.0.0/24", "the only usable path"},
	} {
		for i := range tables.Tables {
			if string(tables.Tables[i].ID) != tt.table {
				continue
			}
			r, ok := tables.Lookup(i, pfx(tt.prefix).Addr())
			if !ok || r.Why != tt.want {
				t.Errorf("Lookup(%s, %s).Why = %q, want %q", tt.table, tt.prefix, r.Why, tt.want)
			}
		}
	}
}
