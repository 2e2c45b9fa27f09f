package spec

import (
	"encoding"
	"fmt"
	"net/netip"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
)

// mistake is what is wrong with a scalar; the zero mistake is none.
type mistake struct{ summary, hint string }

// scalarReader is a *Value[T], of whatever T.
type scalarReader interface {
	// read takes the scalar node n of a key. It sets the place in any case, so
	// that a value that is wrong does not look left out as well.
	read(key string, n *yaml.Node, pos diag.Pos) mistake
}

func (v *Value[T]) read(key string, n *yaml.Node, pos diag.Pos) mistake {
	v.Pos = pos
	switch p := any(&v.V).(type) {
	case *string:
		return readString(p, key, n)
	case *int:
		return readInt(p, key, n)
	case *bool:
		return readBool(p, key, n)
	case *netip.Prefix:
		return readPrefix(p, key, n)
	case *netip.Addr:
		return readAddr(p, key, n)
	case encoding.TextUnmarshaler:
		if err := p.UnmarshalText([]byte(n.Value)); err != nil {
			return mistake{summary: err.Error()}
		}
		return mistake{}
	}
	panic(fmt.Sprintf("spec: no way to read a %T", v.V))
}

func readString(p *string, key string, n *yaml.Node) mistake {
	if tag := n.ShortTag(); tag != "!!str" {
		return mistake{
			fmt.Sprintf("%s: expected text, found %s", key, describe(n)),
			fmt.Sprintf("write it in quotes: %q", n.Value),
		}
	}
	if n.Value == "" {
		return mistake{key + " is empty", "give a value or leave the key out"}
	}
	*p = n.Value
	return mistake{}
}

// readInt reads a number of things; no number of the grammar is below 1.
func readInt(p *int, key string, n *yaml.Node) mistake {
	i, err := strconv.Atoi(n.Value)
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	if err != nil || quoted || strconv.Itoa(i) != n.Value || i < 1 {
		hint := ""
		if quoted && err == nil {
			hint = "write it without quotes: " + n.Value
		}
		return mistake{fmt.Sprintf("%s: expected a whole number from 1, found %s", key, describe(n)), hint}
	}
	*p = i
	return mistake{}
}

func readBool(p *bool, key string, n *yaml.Node) mistake {
	if n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
		return mistake{fmt.Sprintf("%s: expected true or false, found %s", key, describe(n)), ""}
	}
	*p = n.Value == "true"
	return mistake{}
}

func readPrefix(p *netip.Prefix, key string, n *yaml.Node) mistake {
	got, err := netip.ParsePrefix(n.Value)
	switch {
	case err == nil && got.Addr().Is4In6():
		return mistake{fmt.Sprintf("%s: %q is an IPv4 prefix in IPv6 form", key, n.Value), "write it as IPv4"}
	case err == nil && got.Masked() != got:
		return mistake{
			fmt.Sprintf("%s: %s has bits set beyond its prefix length", key, got),
			fmt.Sprintf("the network is %s", got.Masked()),
		}
	case err == nil:
		*p = got
		return mistake{}
	}
	if a, err := netip.ParseAddr(n.Value); err == nil && a.Zone() == "" {
		return mistake{
			fmt.Sprintf("%s: %q has no prefix length", key, n.Value),
			fmt.Sprintf("a single address is %s/%d", a, a.BitLen()),
		}
	}
	return mistake{fmt.Sprintf("%s: %q is not a prefix", key, n.Value), "write address/length, for example 10.0.0.0/16"}
}

func readAddr(p *netip.Addr, key string, n *yaml.Node) mistake {
	got, err := netip.ParseAddr(n.Value)
	if err != nil || got.Zone() != "" || got.Is4In6() {
		return mistake{fmt.Sprintf("%s: %q is not an IP address", key, n.Value), "write one address without a prefix length, for example 203.0.113.10"}
	}
	*p = got
	return mistake{}
}

// describe says what a node is, for a message about what it should have been.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "the alias *" + n.Value
	}
	text := n.Value
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "..."
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + text
	case "!!bool":
		return text
	case "!!timestamp":
		return "the date " + text
	}
	return fmt.Sprintf("the text %q", text)
}
