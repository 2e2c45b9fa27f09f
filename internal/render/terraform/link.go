package terraform

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// linkOutput gives what the engineer of a far end needs of a link: addresses,
// AS numbers and algorithms, never the keys.
func linkOutput(r *root.Root, link fabric.Link) {
	n := r.Set.Network
	var tunnels []hcl.Item
	for _, t := range n.TunnelsOf(link) {
		var ends []hcl.Item
		for i, e := range t.Ends {
			ends = append(ends, hcl.Item{Key: string(link.Sites[i]), Value: hcl.Object(
				hcl.Item{Key: "address", Value: r.Ref(names.OutsideIP(n, t, i))},
				hcl.Item{Key: "inside", Value: hcl.Quote(e.Inside.String())},
			)})
		}
		ends = append(ends, hcl.Item{Key: "inside_cidr", Value: hcl.Quote(t.Inside.String())})
		tunnels = append(tunnels, hcl.Item{Key: names.TunnelKey(t), Value: hcl.Map(ends...)})
	}
	var asns []hcl.Item
	for i, id := range link.Gateways {
		if g, ok := n.Gateway(id); ok {
			asns = append(asns, hcl.Item{Key: string(link.Sites[i]), Value: hcl.Expr(g.ASN.String())})
		}
	}
	r.Output(names.Label(string(link.ID)), "The tunnels of link "+string(link.ID)+" as both ends are to see them. The pre-shared keys are in the state only.", hcl.Map(
		hcl.Item{Key: "suite", Value: hcl.Quote(link.Suite.String())},
		hcl.Item{Key: "mtu", Value: hcl.Int(link.MTU)},
		hcl.Item{Key: "mss", Value: hcl.Int(link.MSS)},
		hcl.Item{Key: "asn", Value: hcl.Object(asns...)},
		hcl.Item{Key: "tunnels", Value: hcl.Map(tunnels...)},
	))
}

// writeSecrets makes a pre-shared key for each tunnel. A letter is put before
// it where it is used, so it is one shorter than a key that every gateway takes.
func writeSecrets(r *root.Root) {
	n := r.Set.Network
	if len(n.Tunnels) == 0 {
		return
	}
	ids := make([]hcl.Expr, 0, len(n.Tunnels))
	keys := make([]root.Key, 0, len(n.Tunnels))
	for _, t := range n.Tunnels {
		key := names.PSKKey(t)
		ids = append(ids, hcl.Quote(key))
		keys = append(keys, root.Key{New: key, Old: names.Former(n, key)})
	}
	b := r.File("secrets.tf")
	b.Comment("The pre-shared key of each tunnel, used as \"k${...}\": AWS refuses keys that begin\n" +
		"with 0. The keys are in the state and nowhere else; for a device of your own read\n" +
		"one with: terraform console, nonsensitive(random_password.psk[\"...\"].result)")
	b.Block("resource", "random_password", "psk")
	b.Attr("for_each", "toset("+hcl.Lines(ids...)+")")
	b.Blank()
	b.Attr("length", hcl.Int(r.Set.Atlas.CommonPSK().MaxLen-1))
	b.Attr("special", "false")
	b.End()
	r.ResourceKeys("random_password", "psk", keys...)
}
