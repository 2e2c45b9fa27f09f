package services_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/compile/ipam"
	"github.com/tieline/tieline/internal/compile/services"
	"github.com/tieline/tieline/internal/compile/topology"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

const head = `version: 1
name: net
accounts:
  prod: {cloud: aws, id: "111122223333"}
  host: {cloud: gcp, project: net-host}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
`

// design runs the passes up to and with services. Each part of an AWS subnet
// has a route table named after its zone.
func design(t *testing.T, text string, more func(*fabric.Network)) *draft.Draft {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(head + text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse:\n%s", diags)
	}
	d := draft.New(&s, lock.Lock{}, atlas.Default())
	for _, pass := range []func(*draft.Draft){topology.Places, topology.Pairs, topology.Gateways, ipam.Addresses} {
		pass(d)
	}
	if d.Diags.HasErrors() {
		t.Fatalf("design:\n%s", d.Diags)
	}
	for i := range d.Net.Subnets {
		for k := range d.Net.Subnets[i].Parts {
			if p := &d.Net.Subnets[i].Parts[k]; p.Zone != "" {
				p.RouteTable = fabric.RouteTableID("rt-" + p.Zone)
			}
		}
	}
	if more != nil {
		more(&d.Net)
	}
	services.Services(d)
	return d
}

func TestEndpoints(t *testing.T) {
	d := design(t, `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {size: /20, subnets: {x: {size: /24, services: [s3, kms]}, y: {size: /24, services: [s3]}}}}}
  g: {cloud: gcp, region: us-west1, networks: {app: {size: /20, subnets: {x: {size: /24, services: [storage]}}}}}
  z: {cloud: azure, region: westus2, networks: {app: {size: /20, subnets: {x: {size: /24, services: [storage, sql]}}}}}
`, nil)
	var got []string
	for _, e := range d.Net.Endpoints {
		got = append(got, fmt.Sprint(e.ID, " ", e.Kind, " ", e.Native, " ", e.Subnets, " ", e.Tables, " ", e.Filter))
	}
	want := []string{
		"a/app/kms 2 com.amazonaws.us-west-2.kms [a/app/x] [] a/app/kms/endpoint/sg",
		"a/app/s3 1 com.amazonaws.us-west-2.s3 [a/app/x a/app/y] [rt-usw2-az1 rt-usw2-az2] ",
		"g/app/storage 3 storage.googleapis.com [g/app/x] [] ",
		"z/app/sql 4 Microsoft.Sql [z/app/x] [] ",
		"z/app/storage 4 Microsoft.Storage [z/app/x] [] ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	if len(d.Diags) != 0 {
		t.Errorf("Services reports %s, want nothing", d.Diags)
	}
	for _, e := range d.Net.Endpoints {
		found := false
		for _, r := range d.Net.Reasons {
			found = found || r.Object == string(e.ID)
		}
		if !found {
			t.Errorf("endpoint %s has no reason", e.ID)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name, sites, want string
	}{
		{
			"unknown", "a: {cloud: aws, region: us-west-2, networks: {app: {size: /20, subnets: {x: {size: /24, services: [dynamo]}}}}}",
			`error: AWS has no service "dynamo"`,
		},
		{
			"of another cloud", "z: {cloud: azure, region: westus2, networks: {app: {size: /20, subnets: {x: {size: /24, services: [s3]}}}}}",
			`error: Azure has no service "s3"`,
		},
		{
			"in an existing network", "a: {cloud: aws, region: us-west-2, networks: {app: {existing: vpc-0abc, cidrs: [10.9.0.0/16], subnets: {x: {cidr: 10.9.0.0/24, services: [kms]}}}}}",
			"existing network: its way to kms cannot be made",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, "sites: {\n  "+tt.sites+"}\n", nil)
			if got := d.Diags.String(); len(d.Diags) != 1 || !strings.Contains(got, tt.want) || !strings.Contains(got, "hint: ") || !d.Diags[0].Pos.IsValid() {
				t.Errorf("Services reports %q, want %q with a hint", got, tt.want)
			}
		})
	}
}

func TestImages(t *testing.T) {
	for _, tt := range []struct{ name, services, want string }{
		{"registry alone", "[ecr]", `note: subnet "x" asks for ecr without ecr-api and s3`},
		{"api alone", "[ecr-api, s3]", `note: subnet "x" asks for ecr-api without ecr`},
		{"without layers", "[ecr, ecr-api]", `note: subnet "x" asks for ecr-api without s3`},
		{"all", "[ecr, ecr-api, s3]", ""},
		{"none", "[s3, kms]", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, "sites: {a: {cloud: aws, region: us-west-2, networks: {app: {size: /20, subnets: {x: {size: /24, services: "+tt.services+"}}}}}}\n", nil)
			got := d.Diags.String()
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || got != "" && !strings.Contains(got, "hint: add ") {
				t.Errorf("Services(%s) reports %q, want %q with a hint", tt.services, got, tt.want)
			}
		})
	}
}

func TestUnknownServiceHint(t *testing.T) {
	d := design(t, "sites: {a: {cloud: aws, region: us-west-2, networks: {app: {size: /20, subnets: {x: {size: /24, services: [dynamodbb]}}}}}}\n", nil)
	if len(d.Diags) != 1 || !strings.HasPrefix(d.Diags[0].Hint, `did you mean "dynamodb"?; the services are athena, `) {
		t.Errorf("Services reports %v, want a hint of dynamodb and the list", d.Diags)
	}
}

func TestFlowLogs(t *testing.T) {
	d := design(t, `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {size: /20, subnets: {x: {size: /24}}}, old: {existing: vpc-0abc, cidrs: [10.9.0.0/16]}}}
  g: {cloud: gcp, region: us-west1, networks: {app: {size: /20, subnets: {x: {size: /24}}}}}
  h: {cloud: gcp, region: us-east1, networks: {app: {size: /20, subnets: {x: {size: /24}}}}}
`, func(n *fabric.Network) {
		n.Gateways = append(n.Gateways,
			fabric.Gateway{ID: "a/tgw", Kind: fabric.TransitGateway, Site: "a", Meta: fabric.Meta{Account: "prod"}},
			fabric.Gateway{ID: "g/vpn", Kind: fabric.HAVPN, Site: "g"})
	})
	var got []string
	for _, f := range d.Net.FlowLogs {
		got = append(got, fmt.Sprint(f.ID, " ", f.Cloud, " ", f.Site, " ", f.VPC, " ", f.Gateway, " ", f.Sink))
	}
	want := []string{
		"a/app/flow-log aws a a/app  prod/us-west-2",
		"host:app/flow-log gcp g host:app  host/us-west1",
		"a/tgw/flow-log aws a  a/tgw prod/us-west-2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flow logs (-want +got):\n%s", diff)
	}
}
