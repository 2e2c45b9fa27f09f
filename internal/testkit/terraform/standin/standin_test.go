package main

import (
	"net/netip"
	"regexp"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// create plans and applies a resource with the given arguments, all others left out.
func create(t *testing.T, provider, typeName string, arguments map[string]cty.Value) cty.Value {
	t.Helper()
	p, err := schema.Load(provider)
	if err != nil {
		t.Fatal(err)
	}
	return apply(t, newInventor(provider), p.Resource(typeName), typeName, arguments)
}

func apply(t *testing.T, in *inventor, b *schema.Block, typeName string, arguments map[string]cty.Value) cty.Value {
	t.Helper()
	planned := planFilledBlocks(typeName, planBlock(b, config(b, arguments)), cty.NullVal(b.Type()))
	state, err := in.fill(typeName, planned)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func config(b *schema.Block, arguments map[string]cty.Value) cty.Value {
	values := map[string]cty.Value{}
	for name, a := range b.Attributes {
		values[name] = cty.NullVal(a.Type)
	}
	for name, n := range b.Blocks {
		switch n.Nesting {
		case schema.NestingSingle:
			values[name] = cty.NullVal(n.Type())
		case schema.NestingList:
			values[name] = cty.ListValEmpty(n.Block.Type())
		case schema.NestingSet:
			values[name] = cty.SetValEmpty(n.Block.Type())
		}
	}
	for name, v := range arguments {
		values[name] = v
	}
	return cty.ObjectVal(values)
}

func TestInventedStateIsComplete(t *testing.T) {
	state := create(t, "aws", "aws_vpn_connection", map[string]cty.Value{
		"tunnel1_inside_cidr": cty.StringVal("169.254.10.4/30"),
	})
	if !state.IsWhollyKnown() {
		t.Errorf("state = %#v, want no unknown value", state)
	}
	if got := state.GetAttr("tunnel1_vgw_inside_address").AsString(); got != "169.254.10.5" {
		t.Errorf("tunnel1_vgw_inside_address = %q, want %q", got, "169.254.10.5")
	}
	if got := state.GetAttr("vgw_telemetry").LengthInt(); got != 2 {
		t.Errorf("length of vgw_telemetry = %d, want 2", got)
	}
	if got := state.GetAttr("vpn_gateway_id"); !got.IsNull() {
		t.Errorf("vpn_gateway_id = %#v, want null, as it is not computed", got)
	}
}

func TestAddressesDiffer(t *testing.T) {
	p, err := schema.Load("google")
	if err != nil {
		t.Fatal(err)
	}
	in, b := newInventor("google"), p.Resource("google_compute_ha_vpn_gateway")
	seen := map[netip.Addr]bool{}
	for range 500 {
		state := apply(t, in, b, "google_compute_ha_vpn_gateway", nil)
		interfaces := state.GetAttr("vpn_interfaces").AsValueSlice()
		if len(interfaces) != 2 {
			t.Fatalf("%d vpn_interfaces, want 2", len(interfaces))
		}
		for _, i := range interfaces {
			a, err := netip.ParseAddr(i.GetAttr("ip_address").AsString())
			if err != nil || seen[a] {
				t.Fatalf("ip_address = %v (%v), want a new address", a, err)
			}
			seen[a] = true
		}
	}
}

func TestFilledBlocksAreKept(t *testing.T) {
	p, err := schema.Load("google")
	if err != nil {
		t.Fatal(err)
	}
	const typeName = "google_compute_ha_vpn_gateway"
	b := p.Resource(typeName)
	state := apply(t, newInventor("google"), b, typeName, nil)
	values := state.AsValueMap()
	values["vpn_interfaces"] = cty.ListValEmpty(b.Blocks["vpn_interfaces"].Block.Type()) // as Terraform proposes it
	if got := planFilledBlocks(typeName, planBlock(b, cty.ObjectVal(values)), state); !got.RawEquals(state) {
		t.Errorf("second plan = %#v, want the state %#v", got, state)
	}
}

func TestSameArgumentsSameValues(t *testing.T) {
	name := map[string]cty.Value{"name": cty.StringVal("a")}
	a, b := create(t, "google", "google_compute_network", name), create(t, "google", "google_compute_network", name)
	if !a.RawEquals(b) {
		t.Errorf("two runs give %#v and %#v, want the same", a, b)
	}
}

func TestPassword(t *testing.T) {
	state := create(t, "random", "random_password", map[string]cty.Value{
		"length": cty.NumberIntVal(40), "special": cty.False, "upper": cty.False,
	})
	if got := state.GetAttr("result").AsString(); !regexp.MustCompile(`^[a-z0-9]{40}$`).MatchString(got) {
		t.Errorf("result = %q, want 40 lower-case letters and digits", got)
	}
}

func TestProviderName(t *testing.T) {
	tests := []struct {
		program, want string
		wantErr       bool
	}{
		{program: "/m/terraform-provider-aws_v6.47.0", want: "aws"},
		{program: "terraform-provider-google_v7.45.0.exe", want: "google"},
		{program: "/m/standin", wantErr: true},
	}
	for _, tt := range tests {
		got, err := providerName(tt.program)
		if got != tt.want || (err != nil) != tt.wantErr {
			t.Errorf("providerName(%q) = %q, %v, want %q, error %v", tt.program, got, err, tt.want, tt.wantErr)
		}
	}
}
