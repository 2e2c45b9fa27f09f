package networks_test

import (
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/testkit/terraform"
	"github.com/tieline/tieline/internal/testkit/terraform/check"
)

// TestChecked: the schemas of the providers, the table of what they refuse,
// and the formatter have nothing to say, in either layout.
func TestChecked(t *testing.T) {
	t.Parallel()
	each(t, true, func(t *testing.T, n network) {
		d := n.compile(t, n.text(t), n.lock(t))
		for _, l := range layouts {
			t.Run(l.name, func(t *testing.T) {
				if n.huge && (testing.Short() || l.layout == fabric.Single) {
					t.Skip("most of a minute; Terraform validates the single layout of the estate")
				}
				files := d.render(t, l.layout)
				problems, err := check.Check(files)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range problems[:min(len(problems), 20)] {
					t.Errorf("Check: %v", p)
				}
				for _, name := range slices.Sorted(maps.Keys(files)) {
					if got := string(files[name].Data); got != string(hclwrite.Format(files[name].Data)) {
						t.Errorf("%s is not as terraform fmt leaves it", name)
					}
				}
			})
		}
	})
}

// unpack writes files to a folder of the test.
func unpack(t testing.TB, files fstest.MapFS) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), f.Data)
	}
	return dir
}

// TestApply has Terraform make and destroy every network but the estate, which it validates.
func TestApply(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Terraform for minutes")
	}
	each(t, true, func(t *testing.T, n network) {
		t.Parallel()
		dir := unpack(t, n.compile(t, n.text(t), n.lock(t)).render(t, fabric.Single))
		if n.huge {
			terraform.Validate(t, dir)
			return
		}
		terraform.Run(t, dir)
	})
}

// TestApplyStacks has Terraform make and destroy networks root by root.
func TestApplyStacks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Terraform for minutes")
	}
	each(t, false, func(t *testing.T, n network) {
		if n.name != "triangle" && n.name != "accounts" {
			t.Skip("the roots of triangle and accounts have all kinds of references")
		}
		t.Parallel()
		files := n.compile(t, n.text(t), n.lock(t)).render(t, fabric.Stacks)
		terraform.RunStacks(t, unpack(t, files), order(files)...)
	})
}

var stateRead = regexp.MustCompile(`data "terraform_remote_state"[^}]*\$\{var\.sites_directory\}/([^/"]+)/`)

// order returns the folders of the roots, each after those whose states it reads.
func order(files fstest.MapFS) []string {
	reads := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		dir := path.Dir(name)
		reads[dir] = append(reads[dir], "")
		for _, m := range stateRead.FindAllStringSubmatch(string(files[name].Data), -1) {
			reads[dir] = append(reads[dir], "sites/"+m[1])
		}
	}
	var out []string
	var visit func(dir string)
	visit = func(dir string) {
		if dir == "" || slices.Contains(out, dir) {
			return
		}
		for _, d := range reads[dir] {
			visit(d)
		}
		out = append(out, dir)
	}
	for _, dir := range slices.Sorted(maps.Keys(reads)) {
		visit(dir)
	}
	return out
}

// rename is one name changed under was:.
type rename struct {
	network string
	name    string
	text    func(string) string
}

var renames = []rename{
	{"triangle", "AWS site", renameSite("aws-oregon", "aws-west")},
	{"triangle", "GCP site", renameSite("gcp-oregon", "gcp-west")},
	{"triangle", "Azure site", renameSite("azure-wus2", "azure-west")},
	{"triangle", "site that turns the order of its link's ends", renameSite("aws-oregon", "zz-oregon")},
	{"triangle", "network", replace("region: us-west-2\n    networks:\n      app: {size", "region: us-west-2\n    networks:\n      web: {was: app, size")},
	{"triangle", "subnet", replace("region: westus2\n    networks:\n      app: {size: /16, subnets: {app: {", "region: westus2\n    networks:\n      app: {size: /16, subnets: {web: {was: app, ")},
	{"ml-platform", "AWS site with a transit gateway", renameSite("aws-oregon", "aws-west")},
	{"ml-platform", "AWS site that is peered", renameSite("aws-virginia", "aws-east")},
	{"ml-platform", "on-prem site", renameSite("headquarters", "office")},
	{"ml-platform", "segment", func(s string) string {
		s = regexp.MustCompile(`\btraining\b`).ReplaceAllString(s, "learning")
		s = strings.ReplaceAll(s, "learning: {size", "training: {size")
		return strings.Replace(s, "learning: {description", "learning: {was: training, description", 1)
	}},
	{"hub-spoke", "hub", renameSite("aws-oregon", "hub")},
	{"hub-spoke", "GCP site", renameSite("gcp-iowa", "gcp-central")},
	{"accounts", "GCP site of a VPC that spans", renameSite("gcp-frankfurt", "gcp-main")},
	{"accounts", "Azure hub", renameSite("azure-frankfurt", "azure-main")},
	{"accounts", "Azure VNet that is peered", replace("      app: {size: /20, account: azure-app", "      front: {was: app, size: /20, account: azure-app")},
	{"accounts", "GCP VPC that is peered", replace("      jobs: {size", "      batches: {was: jobs, size")},
	{"accounts", "GCP VPC that spans sites", func(s string) string {
		return strings.ReplaceAll(s, "      main: {size", "      core: {was: main, size")
	}},
	{"accounts", "AWS network of another account", replace("      app: {size: /20, account: aws-app", "      front: {was: app, size: /20, account: aws-app")},
	{"existing", "site of an existing network", renameSite("aws-ireland", "aws-dublin")},
}

func renameSite(from, to string) func(string) string {
	return func(s string) string {
		s = strings.ReplaceAll(s, from, to)
		return strings.Replace(s, "\n  "+to+":\n", "\n  "+to+":\n    was: "+from+"\n", 1)
	}
}

func replace(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

// TestRenames: a rename keeps every allocation, and each resource whose
// address changes is moved, none else; after that nothing is left to move.
func TestRenames(t *testing.T) {
	for _, r := range renames {
		t.Run(r.network+"/"+r.name, func(t *testing.T) {
			n := corpus[slices.IndexFunc(corpus, func(n network) bool { return n.name == r.network })]
			text := n.text(t)
			before := n.compile(t, text, n.lock(t))
			if r.text(text) == text {
				t.Fatal("the rename changes no text")
			}
			after := n.compile(t, r.text(text), before.Lock)
			if c := after.Changes; len(c.Added)+len(c.Freed)+len(c.Removed)+len(c.Moved)+len(c.Restored) > 0 {
				t.Errorf("the rename changes the lock by more than names: %+v", c)
			}
			if want, got := values(before), values(after); !slices.Equal(want, got) {
				t.Errorf("allocations after the rename = %v, want %v", got, want)
			}
			was, now := before.render(t, fabric.Single), after.render(t, fabric.Single)
			checkMoves(t, resources(was), resources(now), moves(t, now))
		})
	}
}

// values lists every allocated value, without the keys.
func values(d design) []string {
	var out []string
	for _, e := range d.Lock.Entries() {
		out = append(out, e.Kind.String()+" "+e.Value())
	}
	slices.Sort(out)
	return out
}

var (
	resourceBlock = regexp.MustCompile(`(?m)^resource "([^"]+)" "([^"]+)" \{$`)
	movedBlock    = regexp.MustCompile(`(?m)^moved \{\n  from = (.+)\n  to   = (.+)\n\}$`)
)

func resources(files fstest.MapFS) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		for _, m := range resourceBlock.FindAllStringSubmatch(string(f.Data), -1) {
			out[m[1]+"."+m[2]] = true
		}
	}
	return out
}

// moves returns the moved blocks, from old to new address.
func moves(t *testing.T, files fstest.MapFS) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, m := range movedBlock.FindAllStringSubmatch(string(files[name].Data), -1) {
			if _, ok := out[m[1]]; ok {
				t.Errorf("%s is moved twice", m[1])
			}
			out[m[1]] = m[2]
		}
		if n, all := len(movedBlock.FindAll(files[name].Data, -1)), strings.Count(string(files[name].Data), "\nmoved {")+count(strings.HasPrefix(string(files[name].Data), "moved {")); n != all {
			t.Errorf("%s has %d moved blocks, %d of them understood", name, all, n)
		}
	}
	return out
}

// checkMoves holds moved blocks against the resources before and after. A move
// of one instance (with a key) has to be within resources that are there.
func checkMoves(t *testing.T, was, now map[string]bool, moved map[string]string) {
	t.Helper()
	to := map[string]string{}
	for _, from := range slices.Sorted(maps.Keys(moved)) {
		address := moved[from]
		if other, ok := to[address]; ok {
			t.Errorf("%s and %s are both moved to %s", other, from, address)
		}
		to[address] = from
		oldResource, _, keyed := strings.Cut(from, "[")
		newResource, _, _ := strings.Cut(address, "[")
		if !now[newResource] {
			t.Errorf("moved to %s, which is not made", address)
		}
		if !keyed && !was[oldResource] {
			t.Errorf("moved from %s, which was not made", from)
		}
		if !keyed && now[oldResource] {
			t.Errorf("moved from %s, which is still made", from)
		}
		if from == address {
			t.Errorf("%s is moved to itself", from)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(now)) {
		if !was[a] && to[a] == "" {
			t.Errorf("%s is new and nothing is moved to it", a)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(was)) {
		if !now[a] && moved[a] == "" {
			t.Errorf("%s is gone and not moved", a)
		}
	}
}
