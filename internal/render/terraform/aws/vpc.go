package aws

import (
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
)

// vpc writes a VPC, its subnets and what carries traffic into and out of them.
func (w writer) vpc(v fabric.VPC) {
	b := w.r.SiteFile(w.site.ID, "network")
	if v.Existing == "" {
		w.network(b, v)
		w.subnets(b, v)
		w.nats(b, v)
	}
	w.routeTables(b, v)
	w.endpoints(b, v)
	w.sharing(b, v)
}

func (w writer) network(b *hcl.Body, v fabric.VPC) {
	id, account := string(v.ID), v.Meta.Account
	w.open(b, v.Meta.Origin, "aws_vpc", id, account)
	b.Attr("cidr_block", hcl.Quote(v.Prefixes[0].String()))
	b.Attr("enable_dns_support", "true")
	b.Attr("enable_dns_hostnames", "true")
	b.Attr("tags", w.r.Tags(w.title(id), v.Environment, v.Tags))
	b.End()
	ref := vpcID(v)
	w.r.Output(ref.Output, "VPC "+id+".", hcl.Expr(ref.Expr))

	if len(v.Prefixes) > 1 {
		more := make([]string, 0, len(v.Prefixes)-1)
		for _, p := range v.Prefixes[1:] {
			more = append(more, p.String())
		}
		w.open(b, v.Meta.Origin, "aws_vpc_ipv4_cidr_block_association", id, account, forEach("toset("+hcl.Strings(more...)+")"))
		b.Attr("vpc_id", w.r.Ref(vpcID(v)))
		b.Attr("cidr_block", "each.value")
		b.End()
	}

	w.open(b, v.Meta.Origin, "aws_default_security_group", id, account)
	b.Comment("No rules: whatever is started without a group of its own reaches nothing.")
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("tags", w.r.Tags(w.title(id, "default"), v.Environment, v.Tags))
	b.End()

	if v.InternetGateway {
		w.open(b, v.Meta.Origin, "aws_internet_gateway", id, account)
		b.Attr("vpc_id", w.r.Ref(vpcID(v)))
		b.Attr("tags", w.r.Tags(w.title(id), v.Environment, v.Tags))
		b.End()
	}
}

// subnetKey is the key of a zonal subnet among those of its VPC:
// training-usw2-az1. A derived one has a period, which no name of a spec has,
// so that it never meets a subnet that someone called nat: nat.usw2-az1.
func subnetKey(s fabric.Subnet, p fabric.SubnetPart) string {
	return zonalKey(s.Name, s.Purpose, p.Zone)
}

func zonalKey(name string, purpose fabric.Purpose, zone string) string {
	if purpose != fabric.Workload {
		return name + "." + zone
	}
	return name + "-" + zone
}

// tableKey is the key of a route table among those of its VPC: private-usw2-az1.
func tableKey(id fabric.RouteTableID) string { return strings.TrimPrefix(names.Last(id), "rt-") }

func (w writer) subnets(b *hcl.Body, v fabric.VPC) {
	id, label := string(v.ID), names.Label(string(v.ID))
	var items, tables []hcl.Item // the tables are a constant map, so that a plan says which a subnet has
	var keys []root.Key
	tagged, public := false, false // whether any subnet is: else the maps do without
	for _, s := range w.r.Set.Subnets(v.ID) {
		tagged = tagged || !s.Existing && len(beyond(v.Tags, s.Tags)) > 0
		public = public || isPublic(s)
	}
	for _, s := range w.r.Set.Subnets(v.ID) {
		if s.Existing {
			continue
		}
		former := names.Last(names.Former(w.n, string(s.ID)))
		for _, p := range s.Parts {
			key := subnetKey(s, p)
			table := p.RouteTable
			if table == "" {
				table = s.RouteTable
			}
			fields := []hcl.Item{{Key: "cidr", Value: hcl.Quote(p.Prefix.String())}, {Key: "zone", Value: hcl.Quote(p.Zone)}}
			if table != "" {
				tables = append(tables, hcl.Item{Key: key, Value: hcl.Quote(tableKey(table))})
			}
			if public {
				fields = append(fields, hcl.Item{Key: "public", Value: hcl.Bool(isPublic(s))})
			}
			if tagged {
				fields = append(fields, hcl.Item{Key: "tags", Value: tagObject(beyond(v.Tags, s.Tags))})
			}
			items = append(items, hcl.Item{Key: key, Value: hcl.Object(fields...)})
			if s.Purpose == fabric.Workload {
				keys = append(keys, root.Key{New: key, Old: zonalKey(former, s.Purpose, p.Zone)})
			}
		}
	}
	if len(items) == 0 {
		return
	}
	local := hcl.Expr("local." + label + "_subnets")
	w.r.Locals(b, hcl.Item{Key: label + "_subnets", Value: hcl.Map(items...)})
	w.open(b, v.Meta.Origin, "aws_subnet", id, v.Meta.Account, forEach(local))
	w.r.ResourceKeys("aws_subnet", id, keys...)
	w.r.Output(label+"_subnet_ids", "Subnets of "+id+" by name and zone.", hcl.Expr("{ for key, subnet in aws_subnet."+label+" : key => subnet.id }"))
	b.Attr("vpc_id", w.r.Ref(vpcID(v)))
	b.Attr("cidr_block", "each.value.cidr")
	b.Attr("availability_zone_id", "each.value.zone")
	if public {
		b.Attr("map_public_ip_on_launch", "each.value.public")
	}
	if tagged {
		b.Attr("tags", w.r.NamedTags(withKey(w.title(id)), v.Environment, v.Tags, "each.value.tags"))
	} else {
		b.Attr("tags", w.eachTags(v))
	}
	if len(v.Prefixes) > 1 {
		b.Blank()
		b.Attr("depends_on", hcl.List(hcl.Expr("aws_vpc_ipv4_cidr_block_association."+label)))
	}
	b.End()

	if len(tables) == 0 {
		return
	}
	w.open(b, v.Meta.Origin, "aws_route_table_association", id, v.Meta.Account, forEach(hcl.Map(tables...)))
	w.r.ResourceKeys("aws_route_table_association", id, keys...)
	b.Attr("subnet_id", hcl.Expr("aws_subnet."+label+"[each.key].id"))
	b.Attr("route_table_id", hcl.Expr("aws_route_table."+label+"[each.value].id"))
	b.End()
}

// isPublic reports whether the machines of a subnet get public addresses.
func isPublic(s fabric.Subnet) bool {
	return s.Purpose == fabric.Workload && s.Internet == fabric.Public
}

// nats writes the NAT gateways of a VPC, one a zone, each with its address.
func (w writer) nats(b *hcl.Body, v fabric.VPC) {
	nats := w.r.Set.NATs(v.ID)
	if len(nats) == 0 {
		return
	}
	id, label := string(v.ID), names.Label(string(v.ID))
	items := make([]hcl.Item, len(nats))
	for i, nat := range nats {
		key := subnetKey(w.mustSubnet(nat.Subnet), fabric.SubnetPart{Zone: nat.Zone})
		items[i] = hcl.Item{Key: nat.Zone, Value: hcl.Quote(key)}
	}
	each := forEach(hcl.Map(items...))

	origin := nats[0].Meta.Origin
	w.open(b, origin, "aws_eip", id, v.Meta.Account, each)
	b.Attr("domain", hcl.Quote("vpc"))
	b.Attr("tags", w.eachTags(v, "nat"))
	b.End()

	w.open(b, origin, "aws_nat_gateway", id, v.Meta.Account, each)
	b.Attr("subnet_id", hcl.Expr("aws_subnet."+label+"[each.value].id"))
	b.Attr("allocation_id", hcl.Expr("aws_eip."+label+"[each.key].id"))
	b.Attr("tags", w.eachTags(v, "nat"))
	b.Blank()
	b.Attr("depends_on", hcl.List(hcl.Expr("aws_internet_gateway."+label)))
	b.End()
}

// beyond returns the tags of own that are not among common.
func beyond(common, own []fabric.Tag) []fabric.Tag {
	var out []fabric.Tag
next:
	for _, t := range own {
		for _, c := range common {
			if c == t {
				continue next
			}
		}
		out = append(out, t)
	}
	return out
}

func tagObject(tags []fabric.Tag) hcl.Expr {
	items := make([]hcl.Item, len(tags))
	for i, t := range tags {
		items[i] = hcl.Item{Key: t.Key, Value: hcl.Quote(t.Value)}
	}
	return hcl.Object(items...)
}
