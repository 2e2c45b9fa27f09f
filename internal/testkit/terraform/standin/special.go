package main

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
)

// specials fills in what has to fit the other arguments of its resource.
func specials(m *maker, planned cty.Value) (cty.Value, error) {
	if !planned.Type().IsObjectType() {
		return planned, nil
	}
	v := planned.AsValueMap()
	set := func(name string, value cty.Value) {
		if old, ok := v[name]; ok && !old.IsKnown() {
			v[name] = value
		}
	}
	copyOf := func(name, from string) {
		if src, ok := v[from]; ok && src.IsWhollyKnown() && !src.IsNull() {
			set(name, src)
		}
	}
	copyOf("tags_all", "tags")
	copyOf("effective_labels", "labels")
	copyOf("terraform_labels", "labels")
	switch m.typeName {
	case "random_password", "random_string":
		text, err := m.password(v)
		if err != nil {
			return cty.NilVal, err
		}
		set("result", cty.StringVal(text))
		set("id", cty.StringVal("none"))
		for _, kind := range []string{"lower", "upper", "numeric", "special"} {
			set(kind, cty.True)
			set("min_"+kind, cty.Zero)
		}
	case "random_integer":
		set("result", m.between(v["min"], v["max"]))
	case "random_shuffle":
		copyOf("result", "input")
	case "random_uuid", "random_uuid4":
		h := m.hex("result", 32)
		set("result", cty.StringVal(fmt.Sprintf("%s-%s-4%s-8%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:])))
	case "random_id":
		set("hex", cty.StringVal(m.hex("hex", 16)))
		set("b64_std", cty.StringVal(base64.StdEncoding.EncodeToString([]byte(m.hex("hex", 8)))))
		set("b64_url", cty.StringVal(base64.RawURLEncoding.EncodeToString([]byte(m.hex("hex", 8)))))
	case "aws_vpn_connection":
		for _, tunnel := range []string{"tunnel1", "tunnel2"} {
			inside, err := m.insideCIDR(tunnel, v[tunnel+"_inside_cidr"])
			if err != nil {
				return cty.NilVal, err
			}
			set(tunnel+"_inside_cidr", cty.StringVal(inside.String()))
			vgw := inside.Addr().Next()
			set(tunnel+"_vgw_inside_address", cty.StringVal(vgw.String()))
			set(tunnel+"_cgw_inside_address", cty.StringVal(vgw.Next().String()))
		}
	}
	return cty.ObjectVal(v), nil
}

// password makes a text of the asked length out of the asked kinds of characters.
func (m *maker) password(v map[string]cty.Value) (string, error) {
	length, err := integer(v["length"])
	if err != nil {
		return "", fmt.Errorf("length: %w", err)
	}
	if length < 1 {
		return "", fmt.Errorf("length is %d, want at least 1", length)
	}
	kinds := []struct{ name, chars string }{
		{"lower", "abcdefghijklmnopqrstuvwxyz"},
		{"upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"numeric", "0123456789"},
		{"special", "!@#$%&*()-_=+[]{}<>:?"},
	}
	var chars string
	for _, k := range kinds {
		if a, ok := v[k.name]; ok && a.IsKnown() && !a.IsNull() && a.False() {
			continue
		}
		if o := v["override_special"]; k.name == "special" && o.IsKnown() && !o.IsNull() {
			chars += o.AsString()
			continue
		}
		chars += k.chars
	}
	if chars == "" {
		return "", fmt.Errorf("no kind of character is allowed")
	}
	out := make([]byte, length)
	for i := range out {
		out[i] = chars[int(m.number(fmt.Sprintf("result[%d]", i)))%len(chars)]
	}
	return string(out), nil
}

func (m *maker) between(minimum, maximum cty.Value) cty.Value {
	lo, err := integer(minimum)
	if err != nil {
		return cty.Zero
	}
	hi, err := integer(maximum)
	if err != nil || hi < lo {
		return cty.NumberIntVal(lo)
	}
	return cty.NumberIntVal(lo + int64(m.number("result"))%(hi-lo+1))
}

func integer(v cty.Value) (int64, error) {
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() {
		return 0, fmt.Errorf("no value")
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact {
		return 0, fmt.Errorf("%v is no whole number", v.AsBigFloat())
	}
	return n, nil
}

// insideCIDR returns the /30 of a tunnel: the given one, or one above the blocks that AWS keeps for itself.
func (m *maker) insideCIDR(tunnel string, given cty.Value) (netip.Prefix, error) {
	if given.IsKnown() && !given.IsNull() {
		p, err := netip.ParsePrefix(given.AsString())
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%s_inside_cidr: %w", tunnel, err)
		}
		return p, nil
	}
	n := m.number(tunnel)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254, byte(6 + n%160), byte(n >> 8 & 0xfc)}), 30), nil
}
