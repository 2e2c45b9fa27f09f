package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

func TestGood(t *testing.T) {
	problems, err := Check(os.DirFS("../testdata/good"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("Check(good): %v", p)
	}
}

// TestBad checks files whose guilty lines end with "# ERROR: text"; each problem has to contain its line's text, and
// there may be no other. Several texts on one line are separated by " | ".
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".tf"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			problems, err := Check(fstest.MapFS{"main.tf": {Data: src}})
			if err != nil {
				t.Fatal(err)
			}
			got := map[int][]string{}
			for _, p := range problems {
				got[p.Line] = append(got[p.Line], p.Text)
			}
			for i, line := range strings.Split(string(src), "\n") {
				var want []string
				if _, text, ok := strings.Cut(line, "# ERROR: "); ok {
					want = strings.Split(text, " | ")
				}
				if !matches(got[i+1], want) {
					t.Errorf("%s:%d: problems = %q, want %q", file, i+1, got[i+1], want)
				}
			}
		})
	}
}

func matches(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || strings.Contains(g, w)
		}
		if !found {
			return false
		}
	}
	return true
}

func TestModules(t *testing.T) {
	fsys := fstest.MapFS{
		"main.tf": {Data: []byte(`module "site" {
  source = "./site"
  name   = "a"
  zone   = "b"
}

module "gone" {
  source = "./gone"
}
`)},
		"site/main.tf": {Data: []byte(`variable "name" {
  type = string
}

variable "size" {
  type = number
}

output "both" {
  value = "${var.name} ${var.size} ${var.neither}"
}
`)},
	}
	problems, err := Check(fsys)
	if err != nil {
		t.Fatal(err)
	}
	want := []Problem{
		{File: "main.tf", Line: 1, Text: `module "site" needs variable "size"`},
		{File: "main.tf", Line: 4, Text: `module "site" has no variable "zone"`},
		{File: "main.tf", Line: 8, Text: `no module in "./gone"`},
		{File: "site/main.tf", Line: 10, Text: "nothing declares var.neither"},
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("Check: -want +got\n%s", diff)
	}
}

func TestRules(t *testing.T) {
	tests := []struct {
		name string
		rule rule
		text string
		ok   bool
	}{
		{"vpc", network(16, 28), "10.0.0.0/16", true},
		{"vpc too large", network(16, 28), "10.0.0.0/15", false},
		{"vpc with host bits", network(16, 28), "10.0.0.1/16", false},
		{"tunnel", tunnelInside, "169.254.6.0/30", true},
		{"reserved tunnel", tunnelInside, "169.254.5.0/30", false},
		{"second block of a reserved third octet", tunnelInside, "169.254.5.4/30", true},
		{"reserved for metadata", tunnelInside, "169.254.169.252/30", false},
		{"tunnel of another size", tunnelInside, "169.254.6.0/29", false},
		{"key", awsKey, "k2345678", true},
		{"short key", awsKey, "k234567", false},
		{"key from 0", awsKey, "02345678", false},
		{"key with hyphen", awsKey, "my-secret-key", false},
		{"name", googleName, "a-1", true},
		{"name ending in a hyphen", googleName, "a-", false},
		{"long name", googleName, strings.Repeat("a", 64), false},
		{"asn of Partner Interconnect", values["google_compute_router"]["bgp.asn"], "16550", true},
		{"public asn", values["google_compute_router"]["bgp.asn"], "3356", false},
		{"ports", portRange, "80-443", true},
		{"ports backwards", portRange, "443-80", false},
		{"port too high", portRange, "99999", false},
		{"apipa", azureInside, "169.254.22.255", true},
		{"not apipa of Azure", azureInside, "169.254.23.1", false},
		{"service tag", azureDestination, "AzureCloud.WestUS2", true},
		{"route prefix", azureDestination, "10.0.0.0/40", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if why := tt.rule(tt.text); (why == "") != tt.ok {
				t.Errorf("rule(%q) = %q, want accepted %v", tt.text, why, tt.ok)
			}
		})
	}
}

// TestTablesNameRealArguments keeps a misspelt path from switching a rule off.
func TestTablesNameRealArguments(t *testing.T) {
	c := &checker{providers: map[string]*schema.Provider{}}
	for typeName, rules := range values {
		provider, _, _ := strings.Cut(typeName, "_")
		b := c.provider(provider).Resource(typeName)
		if b == nil {
			t.Errorf("values name the unknown resource type %q", typeName)
			continue
		}
		for path := range rules {
			if !hasPath(b, strings.Split(path, ".")) {
				t.Errorf("values name the unknown argument %s of %s", path, typeName)
			}
		}
		for _, group := range conflicts[typeName] {
			for _, name := range group {
				if !hasPath(b, []string{name}) {
					t.Errorf("conflicts name the unknown argument %s of %s", name, typeName)
				}
			}
		}
	}
}

func hasPath(b *schema.Block, path []string) bool {
	if n := b.Blocks[path[0]]; n != nil {
		return len(path) == 1 || hasPath(n.Block, path[1:])
	}
	a := b.Attributes[path[0]]
	if a == nil || len(path) == 1 {
		return a != nil
	}
	return a.Type.IsCollectionType() && a.Type.ElementType().IsObjectType() && a.Type.ElementType().HasAttribute(path[1])
}

func BenchmarkCheck(b *testing.B) {
	var src strings.Builder
	src.WriteString("terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}\n")
	fsys := fstest.MapFS{"versions.tf": {Data: []byte(src.String())}}
	for i := range 100 {
		src.Reset()
		for j := range 50 {
			fmt.Fprintf(&src, "resource \"aws_vpc\" \"v%d_%d\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n\n", i, j)
			fmt.Fprintf(&src, "resource \"aws_subnet\" \"s%d_%d\" {\n  vpc_id     = aws_vpc.v%d_%d.id\n  cidr_block = \"10.0.0.0/24\"\n}\n\n", i, j, i, j)
		}
		fsys[fmt.Sprintf("site%d.tf", i)] = &fstest.MapFile{Data: []byte(src.String())}
	}
	for b.Loop() {
		problems, err := Check(fsys)
		if err != nil || len(problems) > 0 {
			b.Fatal(problems, err)
		}
	}
}
