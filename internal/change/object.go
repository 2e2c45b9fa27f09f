package change

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// object is a resource of a cloud (or a device of one's own) as far as a
// change of it is told: its kind and fields are those of the atlas's rules.
type object struct {
	cloud   vocab.Cloud
	kind    string
	id      string // as its network spells it
	key     string // cloud, kind and the id as the old network spells it
	site    fabric.SiteID
	account fabric.AccountID
	origin  fabric.Origin
	attrs   []attr
	// tunnels are what is down while the object is interrupted, as its
	// network spells them.
	tunnels []fabric.TunnelID
	link    fabric.LinkID // that an attachment makes by itself, as its network spells it
}

// attr is one field of an object.
type attr struct {
	name  string
	value string   // of one value, spelled as the old network would
	shown string   // as people see it, when it is not value
	list  []string // of a set, spelled as the old network would
	// ref is the key of the object that the field points to: when that one is
	// replaced the field changes though its value stays.
	ref string
}

func (a attr) text() string { return cmp.Or(a.shown, a.value) }

// inventory collects the objects of one network.
type inventory struct {
	n *fabric.Network
	// name spells an id as the old network does.
	name    func(string) string
	objects []object
	tunnels map[fabric.GatewayID][]fabric.TunnelID
}

// inventoryOf lists the resources of a network, sorted by key.
func inventoryOf(n *fabric.Network, name func(string) string) []object {
	v := &inventory{n: n, name: name, tunnels: map[fabric.GatewayID][]fabric.TunnelID{}}
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		for _, e := range t.Ends {
			v.tunnels[e.Gateway] = append(v.tunnels[e.Gateway], t.ID)
		}
	}
	for i := range n.VPCs {
		v.vpc(&n.VPCs[i])
	}
	for i := range n.Subnets {
		v.subnet(&n.Subnets[i])
	}
	for i := range n.RouteTables {
		v.routeTable(&n.RouteTables[i])
	}
	for i := range n.NATs {
		v.nat(&n.NATs[i])
	}
	for i := range n.Endpoints {
		v.endpoint(&n.Endpoints[i])
	}
	for i := range n.FlowLogs {
		v.flowLog(&n.FlowLogs[i])
	}
	for i := range n.Gateways {
		v.gateway(&n.Gateways[i])
	}
	for i := range n.Attachments {
		v.attachment(&n.Attachments[i])
	}
	for i := range n.Connections {
		v.connection(&n.Connections[i])
	}
	for i := range n.Tunnels {
		v.tunnel(&n.Tunnels[i])
	}
	for i := range n.Filters {
		v.filter(&n.Filters[i])
	}
	slices.SortStableFunc(v.objects, func(a, b object) int { return strings.Compare(a.key, b.key) })
	return v.objects
}

// add adds an object; what its meta says of it fills in the rest.
func (v *inventory) add(cloud vocab.Cloud, kind, id string, site fabric.SiteID, meta fabric.Meta, attrs ...attr) *object {
	o := object{
		cloud: cloud, kind: kind, id: id, key: key(cloud, kind, v.name(id)),
		site: site, account: meta.Account, origin: meta.Origin, attrs: slices.DeleteFunc(attrs, func(a attr) bool { return a.name == "" }),
	}
	v.objects = append(v.objects, o)
	return &v.objects[len(v.objects)-1]
}

func key(cloud vocab.Cloud, kind, id string) string { return cloud.String() + "|" + kind + "|" + id }

// The makers of fields.

func text(name, value string) attr { return attr{name: name, value: value} }

func yes(name string, b bool) attr {
	if b {
		return text(name, "yes")
	}
	return text(name, "no")
}

func list(name string, items []string) attr {
	sorted := slices.Clone(items)
	slices.Sort(sorted)
	return attr{name: name, list: slices.Compact(sorted)}
}

// id is a field that names another object.
func (v *inventory) id(name, id string) attr {
	return attr{name: name, value: v.name(id), shown: id}
}

// in is a field that names an object on which this one stands or falls.
func (v *inventory) in(name string, cloud vocab.Cloud, kind, id string) attr {
	a := v.id(name, id)
	if id != "" {
		a.ref = key(cloud, kind, a.value)
	}
	return a
}

func ids[T ~string](v *inventory, in []T) []string {
	out := make([]string, len(in))
	for i, id := range in {
		out[i] = v.name(string(id))
	}
	return out
}

func texts[T interface{ String() string }](in []T) []string {
	out := make([]string, len(in))
	for i, x := range in {
		out[i] = x.String()
	}
	return out
}

// account is a field with what a cloud calls an account.
func (v *inventory) account(id fabric.AccountID) attr {
	a, _ := v.n.Account(id)
	return attr{name: "account", value: cmp.Or(a.Native, string(id)), shown: cmp.Or(a.Native, string(id))}
}

func (v *inventory) region(s fabric.SiteID) attr {
	site, _ := v.n.Site(s)
	return text("region", site.Region)
}

// flowLog is the same in all clouds.
func (v *inventory) flowLog(f *fabric.FlowLog) {
	of := cmp.Or(string(f.VPC), string(f.Gateway))
	a := v.id("of", of)
	if f.VPC != "" {
		a = v.in("of", f.Cloud, vpcKind(f.Cloud), of)
	}
	v.add(f.Cloud, "flow log", f.ID, f.Site, f.Meta, a, text("sink", f.Sink))
}

// vpcKind is what a cloud calls a network.
func vpcKind(c vocab.Cloud) string {
	switch c {
	case vocab.AWS:
		return "VPC"
	case vocab.GCP:
		return "VPC network"
	case vocab.Azure:
		return "VNet"
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}

// vpc adds a network that is made; one that is joined stays as it is.
func (v *inventory) vpc(x *fabric.VPC) {
	if x.Existing != "" {
		return
	}
	site := x.Sites[0]
	var zones []string
	for _, z := range x.PrivateZones {
		zones = append(zones, z.Domain+" "+z.Host+" "+strings.Join(texts(z.Addrs), " "))
	}
	attrs := []attr{list("private_zones", zones), v.account(x.Meta.Account)}
	switch x.Cloud {
	case vocab.AWS:
		attrs = append(attrs, v.region(site), yes("internet_gateway", x.InternetGateway))
		attrs = append(attrs, awsBlocks(x)...)
	case vocab.GCP:
		attrs = append(attrs, text("name", v.n.Name), text("mtu", number(x.MTU)), text("routing", routing(x)), yes("default_route", x.DefaultRoute))
	case vocab.Azure:
		attrs = append(attrs, v.region(site), text("name", v.n.Name), list("cidrs", texts(x.Prefixes)))
	case vocab.OnPrem, vocab.Exchange:
		return
	}
	v.add(x.Cloud, vpcKind(x.Cloud), string(x.ID), site, x.Meta, attrs...)
}

// subnet adds the pieces of a subnet that is made.
func (v *inventory) subnet(s *fabric.Subnet) {
	vpc, _ := v.n.VPC(s.VPC)
	if s.Existing {
		return
	}
	switch vpc.Cloud {
	case vocab.AWS:
		v.awsSubnet(s, &vpc)
	case vocab.GCP:
		v.gcpSubnet(s, &vpc)
	case vocab.Azure:
		v.azureSubnet(s, &vpc)
	case vocab.OnPrem, vocab.Exchange:
	}
}

func (v *inventory) routeTable(t *fabric.RouteTable) {
	vpc, _ := v.n.VPC(t.VPC)
	var routes []string
	for _, r := range t.Routes {
		routes = append(routes, v.route(r))
	}
	in := v.in("vpc", vpc.Cloud, vpcKind(vpc.Cloud), string(t.VPC))
	site := cmp.Or(t.Site, firstSite(vpc.Sites))
	switch vpc.Cloud {
	case vocab.AWS:
		v.add(vpc.Cloud, "route table", string(t.ID), site, t.Meta, in, list("routes", routes), list("propagate", ids(v, t.Propagate)))
	case vocab.GCP:
		v.add(vpc.Cloud, "static routes", string(t.ID), site, t.Meta, in, list("routes", routes))
	case vocab.Azure:
		v.add(vpc.Cloud, "route table", string(t.ID), site, t.Meta, in, list("routes", routes), yes("no_propagation", t.NoPropagation))
	case vocab.OnPrem, vocab.Exchange:
	}
}

func firstSite(s []fabric.SiteID) fabric.SiteID {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// route spells a static route as the old network would.
func (v *inventory) route(r fabric.Route) string {
	text := r.Prefix.String() + " to " + v.hop(r.Hop)
	if r.Priority != 0 {
		text += " at " + strconv.Itoa(r.Priority)
	}
	return text
}

func (v *inventory) hop(h fabric.Hop) string {
	switch h.Kind {
	case fabric.HopInternetGateway:
		return "the internet"
	case fabric.HopNAT:
		return v.name(string(h.NAT))
	case fabric.HopTransitGateway, fabric.HopVirtualNetworkGateway, fabric.HopVirtualPrivateGateway:
		return cmp.Or(v.name(string(h.Gateway)), "the gateway")
	case fabric.HopAttachment:
		return v.name(string(h.Attachment))
	case fabric.HopBlackhole:
		return "nowhere"
	case fabric.HopLocal:
		return "the VNet"
	case fabric.HopAppliance:
		return "appliance " + h.Address.String()
	}
	return "?"
}

func (v *inventory) nat(t *fabric.NAT) {
	in := v.in("vpc", t.Cloud, vpcKind(t.Cloud), string(t.VPC))
	switch t.Cloud {
	case vocab.AWS:
		part := v.name(string(t.Subnet)) + "@" + t.Zone
		v.add(t.Cloud, "NAT gateway", string(t.ID), t.Site, t.Meta, text("zone", t.Zone),
			attr{name: "subnet", value: part, shown: string(t.Subnet) + "@" + t.Zone, ref: key(t.Cloud, "subnet", part)})
	case vocab.GCP:
		v.add(t.Cloud, "Cloud NAT", string(t.ID), t.Site, t.Meta, in, v.id("router", string(t.Gateway)), list("serves", ids(v, t.Serves)))
	case vocab.Azure:
		v.add(t.Cloud, "NAT gateway", string(t.ID), t.Site, t.Meta, in, text("zone", t.Zone), list("serves", ids(v, t.Serves)))
	case vocab.OnPrem, vocab.Exchange:
	}
}

func (v *inventory) endpoint(e *fabric.Endpoint) {
	vpc, _ := v.n.VPC(e.VPC)
	attrs := []attr{v.in("vpc", vpc.Cloud, vpcKind(vpc.Cloud), string(e.VPC)), text("service", e.Native), list("subnets", ids(v, e.Subnets))}
	kind := ""
	switch e.Kind {
	case fabric.GatewayEndpoint, fabric.InterfaceEndpoint:
		kind = "VPC endpoint"
		attrs = append(attrs, list("tables", ids(v, e.Tables)), v.id("filter", string(e.Filter)))
	case fabric.PrivateGoogleAccess:
		kind = "private access"
	case fabric.ServiceEndpoint:
		kind = "service endpoint"
	}
	v.add(vpc.Cloud, kind, string(e.ID), e.Site, e.Meta, attrs...)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
