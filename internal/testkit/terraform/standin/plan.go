package main

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// filledBlocks lists the nested blocks that the real provider fills in when the configuration leaves them out, with
// how many it makes. The schema cannot say so: there they look like any optional block.
var filledBlocks = map[string]map[string]int{
	"google_compute_ha_vpn_gateway": {"vpn_interfaces": 2},
	"azurerm_virtual_network_gateway": {
		"bgp_settings":                   1,
		"bgp_settings.peering_addresses": 2,
	},
	"azurerm_vpn_gateway": {
		"bgp_settings": 1,
		"bgp_settings.instance_0_bgp_peering_address": 1,
		"bgp_settings.instance_1_bgp_peering_address": 1,
	},
	"azurerm_express_route_port": {"link1": 1, "link2": 1},
	"aws_instance":               {"root_block_device": 1},
}

// planBlock returns v with each computed attribute that has no value made unknown, in nested blocks too.
func planBlock(b *schema.Block, v cty.Value) cty.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	values := v.AsValueMap()
	for name, a := range b.Attributes {
		if a.Computed && values[name].IsNull() && !a.WriteOnly {
			values[name] = cty.UnknownVal(values[name].Type())
		}
		if a.WriteOnly {
			values[name] = cty.NullVal(values[name].Type())
		}
	}
	for name, n := range b.Blocks {
		values[name] = planNested(n, values[name])
	}
	return cty.ObjectVal(values)
}

func planNested(n *schema.NestedBlock, v cty.Value) cty.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	if n.Nesting == schema.NestingSingle {
		return planBlock(n.Block, v)
	}
	if v.LengthInt() == 0 {
		return v
	}
	var elements []cty.Value
	for _, e := range v.AsValueSlice() {
		elements = append(elements, planBlock(n.Block, e))
	}
	if n.Nesting == schema.NestingSet {
		return cty.SetVal(elements)
	}
	return cty.ListVal(elements)
}

// planFilledBlocks makes the blocks of filledBlocks unknown where the configuration leaves them out, or gives them what
// they were before. A provider may plan so only under the flag of the legacy type system.
func planFilledBlocks(typeName string, planned, prior cty.Value) cty.Value {
	for _, path := range sortedKeys(filledBlocks[typeName]) { // a parent sorts before its children
		planned = fillPath(strings.Split(path, "."), planned, prior)
	}
	return planned
}

func fillPath(path []string, planned, prior cty.Value) cty.Value {
	if planned.IsNull() || !planned.IsKnown() {
		return planned
	}
	name, rest := path[0], path[1:]
	values := planned.AsValueMap()
	list := values[name]
	before := cty.NullVal(list.Type())
	if !prior.IsNull() {
		before = prior.GetAttr(name)
	}
	if !list.IsKnown() || list.IsNull() {
		return planned
	}
	if len(rest) == 0 {
		if list.LengthInt() > 0 {
			return planned
		}
		values[name] = cty.UnknownVal(list.Type())
		if !before.IsNull() && before.LengthInt() > 0 {
			values[name] = before
		}
		return cty.ObjectVal(values)
	}
	if list.LengthInt() == 0 {
		return planned
	}
	elements := list.AsValueSlice()
	for i, e := range elements {
		old := cty.NullVal(e.Type())
		if !before.IsNull() && i < before.LengthInt() {
			old = before.Index(cty.NumberIntVal(int64(i)))
		}
		elements[i] = fillPath(rest, e, old)
	}
	values[name] = cty.ListVal(elements)
	return cty.ObjectVal(values)
}
