package vpn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// load is what all links ask of a site's gateway: bandwidth, and tunnels as
// far as redundancy alone asks for them.
func (b *builder) load(site int) (rate vocab.Rate, tunnels int) {
	d := b.d
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if p.Kind != fabric.VPN || p.A != site && p.B != site {
			continue
		}
		rate += max(p.Asked, p.Peak)
		other := &d.Sites[p.A+p.B-site]
		n := 2
		if other.Cloud == vocab.AWS {
			n = 4
		} else if g := len(b.gateway(p.A + p.B - site).Interfaces); other.Cloud == vocab.OnPrem {
			n = max(2, g)
		}
		tunnels += n
	}
	return rate, tunnels
}

// azureSKU is the smallest SKU of a VPN gateway that carries what its links
// ask for, or the one pinned.
func (b *builder) azureSKU(site int) atlas.SKU {
	d := b.d
	s := &d.Sites[site]
	rate, tunnels := b.load(site)
	if pin := s.Spec.Gateway.SKU; pin.IsSet() {
		if sku, ok := d.Atlas.SKU(vocab.Azure, pin.V); ok {
			return sku
		}
	}
	var last atlas.SKU
	for _, sku := range d.Atlas.GatewaySKUs(vocab.Azure) {
		if !sku.BGP || !sku.ActiveActive {
			continue
		}
		last = sku
		if sku.Aggregate >= rate && (sku.Tunnels == 0 || sku.Tunnels >= tunnels) {
			return sku
		}
	}
	return last
}

// sizes sets SKUs and scale units, and checks those pinned.
func (b *builder) sizes(count map[fabric.GatewayID]int) {
	d := b.d
	for i := range d.Sites {
		s := &d.Sites[i]
		switch s.Gateway {
		case fabric.VPNGateway:
			b.azureGateway(i, count[s.GatewayID()])
		case fabric.VirtualHub:
			b.scaleUnits(i, count[s.GatewayID()])
		case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.HAVPN, fabric.Device:
		}
	}
}

func (b *builder) azureGateway(i, tunnels int) {
	d := b.d
	s := &d.Sites[i]
	g := b.gateway(i)
	sku := b.azureSKU(i)
	pin := s.Spec.Gateway.SKU
	rate, _ := b.load(i)
	if pin.IsSet() {
		if _, ok := d.Atlas.SKU(vocab.Azure, pin.V); !ok || !sku.BGP || !sku.ActiveActive {
			var names []string
			for _, x := range d.Atlas.GatewaySKUs(vocab.Azure) {
				if x.BGP && x.ActiveActive && !slices.Contains(names, x.Name) {
					names = append(names, x.Name)
				}
			}
			e := d.Diags.Errorf(pin.Pos, "%q is not a VPN gateway SKU that can be created with BGP and two active instances", pin.V)
			e.Code, e.Hint, e.Source = "sku", "one of "+strings.Join(names, ", "), sku.Fact.Source
			return
		}
	}
	if sku.Tunnels > 0 && tunnels > sku.Tunnels {
		e := d.Diags.Errorf(s.Spec.Pos, "the VPN gateway of site %q has %d tunnels: %s takes %d", s.ID, tunnels, sku.Name, sku.Tunnels)
		e.Code, e.Source = "sku", sku.Fact.Source
		e.Hint = "kind: virtual-wan takes more"
	}
	if rate > sku.Aggregate {
		e := d.Diags.Warnf(s.Spec.Pos, "the links of site %q ask for %s together: %s carries %s", s.ID, rate, sku.Name, sku.Aggregate)
		e.Code, e.Source = "capacity", sku.Fact.Source
	}
	g.SKU, g.Generation = sku.Name, sku.Generation
	why := fmt.Sprintf("the smallest that takes %d tunnels and %s over all links", tunnels, rate)
	pos := s.Spec.Pos
	if pin.IsSet() {
		why, pos = "pinned in the spec", pin.Pos
	}
	d.Because(string(g.ID), "sku", sku.Name, draft.Step(pos, []string{sku.Fact.ID}, "%s", why))
}

func (b *builder) scaleUnits(i, tunnels int) {
	d := b.d
	g := b.gateway(i)
	if tunnels == 0 {
		return
	}
	sku := d.Atlas.SKUs(vocab.Azure, atlas.SKUHub)[0]
	rate, _ := b.load(i)
	g.ScaleUnits = max(1, int((rate+sku.Aggregate-1)/sku.Aggregate))
	d.Because(string(g.ID), "scale units", fmt.Sprint(g.ScaleUnits), draft.Step(d.Sites[i].Spec.Pos, []string{sku.Fact.ID}, "%s a unit, %s asked for over all links", sku.Aggregate, rate))
}
