package audit

import (
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// flowLogs: every VPC and VNet has a flow log. Of a network that is joined and
// not made it is not known, nor of one of Google or Azure that was read from
// Terraform, where flow logs are kept elsewhere; both are said.
func (u *auditor) flowLogs() {
	logged := map[fabric.VPCID]bool{}
	for _, l := range u.n.FlowLogs {
		logged[l.VPC] = true
	}
	for _, v := range u.n.VPCs {
		if logged[v.ID] {
			continue
		}
		if v.Existing != "" {
			f := u.add(diag.Note, v.Meta.Origin, string(v.ID), "network %s is joined, not made: whether it logs its flows is not known", v.ID)
			f.Hint = "see to it where it is made, then waive this rule for it"
			continue
		}
		if !u.compiled() && v.Cloud != vocab.AWS {
			f := u.add(diag.Note, v.Meta.Origin, string(v.ID), "whether network %s logs its flows is not read from Terraform", v.ID)
			f.Hint = "look for " + u.a.FlowLog(v.Cloud).Of + " flow logs where they are kept"
			continue
		}
		f := u.add(diag.Warning, v.Meta.Origin, string(v.ID), "network %s has no flow log", v.ID)
		f.Hint = "add one (" + u.a.FlowLog(v.Cloud).Of + " flow logs)"
	}
}
