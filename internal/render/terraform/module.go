package terraform

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// requiredVersion is the oldest Terraform that knows all that is written; the
// rendered text is held against the newest 1.x.
const requiredVersion = ">= 1.6"

// requirement is a provider with the versions that the resources are spelled for.
type requirement struct{ name, version string }

var (
	randomProvider = requirement{"random", "~> 3.6"}
	providers      = map[vocab.Cloud]requirement{
		vocab.AWS:   {"aws", "~> 6.0"},
		vocab.GCP:   {"google", "~> 7.0"},
		vocab.Azure: {"azurerm", "~> 5.0"},
	}
)

// accountsOf returns the accounts of a cloud whose providers a root uses.
func accountsOf(r *root.Root, c vocab.Cloud) []fabric.Account {
	var out []fabric.Account
	for _, id := range r.Providers() {
		if a, ok := r.Set.Network.Account(id); ok && a.Cloud == c {
			out = append(out, a)
		}
	}
	return out
}

func writeVersions(r *root.Root) {
	b := r.File("versions.tf")
	b.Block("terraform")
	b.Attr("required_version", hcl.Quote(requiredVersion))
	b.Blank()
	if r.Has("secrets.tf") {
		b.Comment("The state holds the pre-shared keys of all tunnels: keep it where it is encrypted\nand where few can read it, for example:")
	} else {
		b.Comment("Keep the state where it is encrypted and shared, for example:")
	}
	b.Comment("")
	b.Comment("backend \"s3\" {\n  bucket       = \"terraform-state\"\n  key          = \"" + r.Set.Network.Name + "/" + r.Name +
		".tfstate\"\n  region       = \"us-east-1\"\n  encrypt      = true\n  use_lockfile = true\n}")
	b.Blank()
	b.Block("required_providers")
	for _, c := range vocab.Clouds {
		if len(accountsOf(r, c)) > 0 {
			require(b, providers[c])
		}
	}
	if r.Has("secrets.tf") {
		require(b, randomProvider)
	}
	b.End()
	b.End()
}

func require(b *hcl.Body, q requirement) {
	b.Attr(q.name, hcl.Map(
		hcl.Item{Key: "source", Value: hcl.Quote("hashicorp/" + q.name)},
		hcl.Item{Key: "version", Value: hcl.Quote(q.version)},
	))
}

// writeProviders writes a provider block for each account. Credentials come
// from the environment of whoever runs Terraform.
func writeProviders(r *root.Root) {
	b := r.File("providers.tf")
	for _, a := range accountsOf(r, vocab.AWS) {
		open(r, b, a, "aws")
		b.Attr("region", hcl.Quote(defaultRegion(r, a)))
		b.Attr("allowed_account_ids", "var.offline ? null : "+hcl.Strings(a.Native))
		offline(r)
		b.Blank()
		for _, skip := range []string{"skip_credentials_validation", "skip_metadata_api_check", "skip_requesting_account_id"} {
			b.Attr(skip, "var.offline")
		}
		b.Attr("access_key", `var.offline ? "offline" : null`)
		b.Attr("secret_key", `var.offline ? "offline" : null`)
		if a.AssumeRole != "" {
			b.Blank()
			b.Block("dynamic", "assume_role")
			b.Attr("for_each", "var.offline ? [] : "+hcl.Strings(a.AssumeRole))
			b.Blank()
			b.Block("content")
			b.Attr("role_arn", "assume_role.value")
			b.End()
			b.End()
		}
		b.End()
	}
	for _, a := range accountsOf(r, vocab.GCP) {
		open(r, b, a, "google")
		b.Attr("project", hcl.Quote(a.Native))
		offline(r)
		b.Blank()
		b.Attr("access_token", `var.offline ? "offline" : null`)
		b.End()
	}
	for _, a := range accountsOf(r, vocab.Azure) {
		open(r, b, a, "azurerm")
		b.Attr("subscription_id", hcl.Quote(a.Native))
		if a.Tenant != "" {
			b.Attr("tenant_id", hcl.Quote(a.Tenant))
		}
		b.Blank()
		b.Block("features")
		b.End()
		b.End()
	}
}

func open(r *root.Root, b *hcl.Body, a fabric.Account, provider string) {
	r.Head(b, a.Origin)
	b.Block("provider", provider)
	b.Attr("alias", hcl.Quote(names.Label(string(a.ID))))
}

func offline(r *root.Root) {
	r.Variable("offline", "bool", "false", "Plan without credentials, to read what would be made: terraform plan -var offline=true. Azure's provider wants a login even so.", false)
}

// defaultRegion returns the region of an account's first site as the spec has
// them, or else of the cloud's, so that a site appended to the spec does not
// change it. Each resource states its own; the provider only wants to have one.
func defaultRegion(r *root.Root, a fabric.Account) string {
	var first fabric.Site
	better := func(s fabric.Site) bool {
		if first.ID == "" || (s.Meta.Account == a.ID) != (first.Meta.Account == a.ID) {
			return first.ID == "" || s.Meta.Account == a.ID
		}
		return s.Meta.Origin.Pos.Compare(first.Meta.Origin.Pos) < 0
	}
	for _, s := range r.Set.Network.Sites {
		if s.Cloud == a.Cloud && better(s) {
			first = s
		}
	}
	return first.Region
}

func writeLocals(r *root.Root) {
	if !r.UsesTags() && !r.UsesLabels() {
		return
	}
	b := r.File("locals.tf")
	b.Block("locals")
	if r.UsesTags() {
		b.Comment("What everything on AWS and Azure is tagged with.")
		b.Attr("tags", root.TagMap(r.CommonTags()))
	}
	if r.UsesTags() && r.UsesLabels() {
		b.Blank()
	}
	if r.UsesLabels() {
		b.Comment("The same as labels of Google Cloud.")
		b.Attr("labels", root.TagMap(r.CommonLabels()))
	}
	b.End()
}

// writeStates reads the states of the roots whose outputs a root needs.
func writeStates(r *root.Root) {
	remotes := r.Remotes()
	if len(remotes) == 0 {
		return
	}
	dir := "../sites"
	if r.IsSite() {
		dir = ".."
	}
	r.Variable("sites_directory", "string", hcl.Quote(dir), "Where the roots of the sites keep their state. With a backend of your own, change states.tf to it.", false)
	b := r.File("states.tf")
	b.Comment("What this root reads of others: apply those first.")
	for i, id := range remotes {
		if i > 0 {
			b.Blank()
		}
		b.Block("data", "terraform_remote_state", names.Label(string(id)))
		b.Attr("backend", hcl.Quote("local"))
		b.Attr("config", hcl.Object(hcl.Item{Key: "path", Value: hcl.Expr(`"${var.sites_directory}/` + string(id) + `/terraform.tfstate"`)}))
		b.End()
	}
}

func writeVariables(r *root.Root) {
	variables := r.Variables()
	if len(variables) == 0 {
		return
	}
	b := r.File("variables.tf")
	for i, v := range variables {
		if i > 0 {
			b.Blank()
		}
		b.Block("variable", v.Name)
		b.Attr("description", hcl.Quote(v.Description))
		b.Attr("type", v.Type)
		if v.Default != "" {
			b.Attr("default", v.Default)
		}
		if v.Sensitive {
			b.Attr("sensitive", "true")
		}
		b.End()
	}
}

func writeOutputs(r *root.Root) {
	outputs := r.Outputs()
	if len(outputs) == 0 {
		return
	}
	b := r.File("outputs.tf")
	for i, o := range outputs {
		if i > 0 {
			b.Blank()
		}
		b.Block("output", o.Name)
		if o.Description != "" {
			b.Attr("description", hcl.Quote(o.Description))
		}
		b.Attr("value", o.Value)
		b.End()
	}
}

// writeMoves tells Terraform of renames, so that nothing is made anew.
func writeMoves(r *root.Root) {
	moves := r.Moves()
	if len(moves) == 0 {
		return
	}
	b := r.File("moved.tf")
	for i, m := range moves {
		if i > 0 {
			b.Blank()
		}
		b.Block("moved")
		b.Attr("from", hcl.Expr(m.From))
		b.Attr("to", hcl.Expr(m.To))
		b.End()
	}
}
