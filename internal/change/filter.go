package change

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

func (v *inventory) filter(f *fabric.Filter) {
	cloud, kind := vocab.AWS, ""
	switch f.Kind {
	case fabric.SecurityGroup:
		kind = "security group"
	case fabric.NetworkACL:
		kind = "network ACL"
	case fabric.FirewallPolicy:
		cloud, kind = vocab.GCP, "firewall policy"
	case fabric.NSG:
		cloud, kind = vocab.Azure, "network security group"
	}
	rules, numbered := make([]string, len(f.Rules)), make([]string, len(f.Rules))
	for i := range f.Rules {
		rules[i] = v.rule(&f.Rules[i])
		numbered[i] = fmt.Sprintf("%d %s", f.Rules[i].Priority, rules[i])
	}
	name := text("name", f.Name)
	if v.name(string(f.ID)) != string(f.ID) {
		name = attr{} // a renamed object keeps its native name
	}
	site := f.Site
	if x, ok := v.n.VPC(f.VPC); ok && site == "" {
		site = firstSite(x.Sites)
	}
	attrs := []attr{v.in("vpc", cloud, vpcKind(cloud), string(f.VPC)), name, list("rules", rules), list(ruleNumbers, numbered)}
	if f.Kind == fabric.NetworkACL {
		attrs = append(attrs, list("subnets", ids(v, f.Subnets)))
	}
	v.add(cloud, kind, string(f.ID), site, f.Meta, attrs...)
}

// ruleNumbers is the field of the rules with their places in the order of
// evaluation: it is told only when nothing else of the rules differs.
const ruleNumbers = "rule_numbers"

// rule spells what a rule matches and does; its name and number are no part
// of it.
func (v *inventory) rule(r *fabric.FilterRule) string {
	words := []string{r.Direction.String(), r.Action.String(), strings.Join(texts(r.Services), " ")}
	if r.PathMTU {
		words = append(words, "(path MTU)")
	}
	if len(r.SourcePorts) > 0 {
		words = append(words, "from ports", strings.Join(texts(r.SourcePorts), " "))
	}
	side := "from"
	if r.Direction == fabric.Egress {
		side = "to"
	}
	words = append(words, side)
	switch {
	case r.All:
		words = append(words, "all")
	case r.PeerTag != "":
		words = append(words, r.PeerTag)
	case r.PeerFilter != "":
		words = append(words, v.name(string(r.PeerFilter)))
	case r.PeerEndpoint != "":
		words = append(words, v.name(string(r.PeerEndpoint)))
	default:
		words = append(words, strings.Join(texts(r.Peers), " "))
	}
	if len(r.Local) > 0 {
		words = append(words, "at", strings.Join(texts(r.Local), " "))
	}
	return strings.Join(words, " ")
}
