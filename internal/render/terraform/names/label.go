// Package names holds what Terraform resources are called: their labels, the
// native names of what they make, tags and labels, and the references by which
// the resources of one cloud speak of those of another. All of it is pure text
// from a compiled network, so that renderers agree without importing each other.
package names

import (
	"strings"

	"github.com/tieline/tieline/internal/fabric"
)

// Label returns the resource label of an object's id. Hyphens become
// underscores and slashes two of them, so that different ids never share one:
// "aws-oregon/ml" is aws_oregon__ml, "aws-oregon--gcp-oregon" is
// aws_oregon__gcp_oregon.
func Label(id string) string {
	out := make([]byte, 0, len(id)+4)
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			out = append(out, c)
		case c == '/' || c == ':':
			out = append(out, "__"...)
		default:
			out = append(out, '_')
		}
	}
	if len(out) == 0 || out[0] >= '0' && out[0] <= '9' {
		out = append([]byte{'_'}, out...)
	}
	return string(out)
}

// gatewaySuffixes end the ids of gateways; the resource type says as much.
var gatewaySuffixes = []string{"/tgw", "/vgw", "/vpn", "/vwan", "/cpe"}

// Owner returns the id of the site or VPC that a gateway belongs to, from which
// the labels and names of its resources come: aws-oregon of aws-oregon/tgw,
// aws-oregon/ml of aws-oregon/ml/vgw.
func Owner(g fabric.GatewayID) string {
	for _, suffix := range gatewaySuffixes {
		if owner, ok := strings.CutSuffix(string(g), suffix); ok {
			return owner
		}
	}
	return string(g)
}

// GatewayLabel is [Label] of [Owner].
func GatewayLabel(g fabric.GatewayID) string { return Label(Owner(g)) }

// Last returns the part of an id after its last slash: training of
// aws-oregon/ml/training.
func Last[ID ~string](id ID) string {
	s := string(id)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// TunnelKey returns the key of a tunnel in maps over the tunnels of its link: t0.
func TunnelKey(t fabric.Tunnel) string { return "t" + Last(t.ID) }

// ConnectionKey returns the key of a connection in maps over the connections of
// its link: c0.
func ConnectionKey(id fabric.ConnectionID) string { return Last(id) }
