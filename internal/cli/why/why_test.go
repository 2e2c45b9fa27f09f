package why

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

func network() *fabric.Network {
	step := []fabric.Step{{Text: "because", Facts: []string{"aws.tunnel.pool"}}}
	return &fabric.Network{
		Sites: []fabric.Site{{ID: "aws-oregon", Cloud: vocab.AWS, Region: "us-west-2"}},
		Filters: []fabric.Filter{{ID: "aws-oregon/ml/data/sg", Kind: fabric.SecurityGroup, Rules: []fabric.FilterRule{
			{Name: "allow-training-tcp-5432"},
		}}},
		Reasons: []fabric.Reason{
			{Object: "aws", Field: "cidr", Value: "10.8.0.0/13", Steps: step},
			{Object: "aws-oregon", Field: "cidr", Value: "10.8.0.0/15", Steps: step},
			{Object: "aws-oregon--gcp-oregon", Field: "mtu", Value: "1398", Steps: step},
			{Object: "aws-oregon--gcp-oregon", Field: "suite", Value: "IKEv2 aes256-gcm16-prfsha512-dh21, ESP aes256-gcm16-dh21", Steps: step},
			{Object: "aws-oregon/ml", Field: "cidr", Value: "10.8.0.0/16", Steps: step},
			{Object: "aws-oregon/tgw", Field: "asn", Value: "64512", Steps: step},
		},
	}
}

func TestFind(t *testing.T) {
	bill := price.Bill{Lines: []price.Line{{Item: "VPN connection", Object: "aws-oregon--gcp-oregon/c0", Quantity: 730, Unit: "h", FactID: "aws.price.vpn.connection"}}}
	for _, c := range []struct {
		name     string
		x, field string
		want     []string // object field
	}{
		{"a block and what is above", "10.8.0.0/16", "", []string{"aws-oregon/ml cidr", "aws-oregon cidr", "aws cidr"}},
		{"an address", "10.9.1.1", "", []string{"aws-oregon cidr", "aws cidr"}},
		{"host bits", "10.8.0.5/16", "", []string{"aws-oregon cidr", "aws cidr"}},
		{"an AS number", "64512", "", []string{"aws-oregon/tgw asn"}},
		{"a cipher in a suite", "aes256-gcm16", "", []string{"aws-oregon--gcp-oregon suite"}},
		{"no part of a word", "es256", "", nil},
		{"an object", "aws-oregon", "", []string{"aws-oregon cidr", "aws-oregon region"}},
		{"the end of an id", "tgw", "", []string{"aws-oregon/tgw asn"}},
		{"a field of an object", "aws-oregon--gcp-oregon", "mtu", []string{"aws-oregon--gcp-oregon mtu"}},
		{"a field", "mtu", "", []string{"aws-oregon--gcp-oregon mtu"}},
		{"a rule", "allow-training-tcp-5432", "", []string{"aws-oregon/ml/data/sg rule"}},
		{"a position of the bill", "VPN connection", "", []string{"aws-oregon--gcp-oregon/c0 price"}},
		{"a fact", "aws.tunnel.pool", "", []string{"aws.tunnel.pool fact"}},
		{"nothing", "zebra", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := Find(network(), atlas.Default(), bill, c.x, c.field)
			var got []string
			for _, a := range found.Answers {
				got = append(got, a.Object+" "+a.Field)
				for _, s := range a.Steps {
					for _, id := range s.Facts {
						if _, ok := found.Facts[id]; !ok {
							t.Errorf("Find(%s) names the fact %s and does not have it", c.x, id)
						}
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Find(%s, %s) (-want +got):\n%s", c.x, c.field, diff)
			}
		})
	}
}

func TestFindNear(t *testing.T) {
	for x, want := range map[string]string{"64521": "64512", "aws-oregno": "aws-oregon", "10.0.0.0/8": "10.8.0.0/13"} {
		found := Find(network(), atlas.Default(), price.Bill{}, x, "")
		if len(found.Near) == 0 || found.Near[0] != want {
			t.Errorf("near %s: %v, want %s first", x, found.Near, want)
		}
	}
}
