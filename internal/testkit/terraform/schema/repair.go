package schema

import "github.com/zclconf/go-cty/cty"

// lostDescriptions lists the attributes whose objects have a member called description, by resource type. Cutting the
// textual descriptions out of the copies took these members away with them; the providers' documentation has them.
var lostDescriptions = map[string][]string{
	"aws_default_security_group":     {"egress", "ingress"},
	"aws_security_group":             {"egress", "ingress"},
	"azurerm_network_security_group": {"security_rule"},
}

// repair gives the attributes called names, collections of objects, their description back.
func repair(b *Block, names []string) {
	for _, name := range names {
		a := b.Attributes[name]
		if a == nil {
			continue
		}
		members := a.Type.ElementType().AttributeTypes()
		types := make(map[string]cty.Type, len(members)+1)
		for m, t := range members {
			types[m] = t
		}
		types["description"] = cty.String
		if a.Type.IsSetType() {
			a.Type = cty.Set(cty.Object(types))
			continue
		}
		a.Type = cty.List(cty.Object(types))
	}
}
