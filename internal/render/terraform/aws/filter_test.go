package aws

import (
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// TestRulesToEachGroup: the groups of two endpoints end in the same name; the
// rules to both are written, each in a resource that names its group outright.
func TestRulesToEachGroup(t *testing.T) {
	https := []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 443, Last: 443}}}
	to := func(peer fabric.FilterID) fabric.FilterRule {
		return fabric.FilterRule{Name: "to", Direction: fabric.Egress, Action: fabric.Allow, Services: https, PeerFilter: peer}
	}
	site := fabric.Site{ID: "aws-oregon", Cloud: vocab.AWS, Region: "us-west-2"}
	v := fabric.VPC{ID: "aws-oregon/ml", Cloud: vocab.AWS, Sites: []fabric.SiteID{site.ID}, Meta: fabric.Meta{Account: "prod"}}
	group := func(owner string, rules ...fabric.FilterRule) fabric.Filter {
		return fabric.Filter{ID: fabric.FilterID(owner + "/sg"), Name: owner, Kind: fabric.SecurityGroup, VPC: v.ID, Site: site.ID, Rules: rules, Meta: v.Meta}
	}
	app := group("aws-oregon/ml/app", to("aws-oregon/ml/ecr-api/endpoint/sg"), to("aws-oregon/ml/ecr-dkr/endpoint/sg"), to("aws-oregon/ml/app/sg"))
	n := &fabric.Network{
		Name: "t", Layout: fabric.Single, Accounts: []fabric.Account{{ID: "prod", Cloud: vocab.AWS, Native: "111122223333"}}, Sites: []fabric.Site{site}, VPCs: []fabric.VPC{v},
		Filters: []fabric.Filter{app, group("aws-oregon/ml/ecr-api/endpoint"), group("aws-oregon/ml/ecr-dkr/endpoint")},
	}
	set := root.New(n, atlas.Default())
	r := set.Site(site.ID)
	newWriter(r, site).filters(v)
	text := string(r.SiteFile(site.ID, "rules").Bytes())
	for _, peer := range []string{"ecr_api__endpoint", "ecr_dkr__endpoint", "app"} {
		head := `resource "aws_vpc_security_group_egress_rule" "aws_oregon__ml__app__to__` + peer + `"`
		_, body, ok := strings.Cut(text, head)
		if body, _, _ = strings.Cut(body, "\n}\n"); !ok || !strings.Contains(body, "= aws_security_group.aws_oregon__ml__"+peer+".id") {
			t.Errorf("no rule to the group %s in\n%s", peer, text)
		}
	}
}
