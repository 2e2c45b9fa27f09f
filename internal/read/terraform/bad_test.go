package terraform_test

import (
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/read/terraform"
)

// TestBadInput: what is no plan and no state is refused at its place, with what
// to do instead; never read as an empty network.
func TestBadInput(t *testing.T) {
	tests := []struct {
		name, data string
		line, col  int
		want, hint string
	}{
		{"empty", "", 1, 1, "the file is empty", "terraform show -json tfplan > plan.json"},
		{"space", " \n\t", 1, 1, "the file is empty", "show -json"},
		{"truncated", "{\n  \"format_version\": \"1.2\",\n  \"planned_values\": {", 3, 22, "truncated", "show -json"},
		{"truncated text", `{"format_version": "1.`, 1, 23, "truncated", "show -json"},
		{"bad JSON", "{\n  \"a\": nope}", 2, 8, "no JSON", "show -json"},
		{"two values", `{"format_version":"1.0","values":{}} {}`, 1, 39, "after the end", "show -json"},
		{"foreign", `{"name": "left-pad", "version": "1.0.0"}`, 1, 2, "no format_version", "show -json"},
		{"array", `[]`, 1, 2, "no object", "show -json"},
		{"HCL", "resource \"aws_vpc\" \"a\" {\n}\n", 1, 1, "HCL", "show -json"},
		{"text of a plan", "Terraform will perform the following actions:", 1, 1, "as people read it", "show -json"},
		{"log of a plan", `{"@level":"info","@message":"Terraform 1.11.4"}`, 1, 1, "log", "show -json"},
		{"saved plan", "PK\x03\x04rest", 1, 1, "as Terraform saves it", "show -json"},
		{"UTF-16", "\xff\xfe{\x00", 1, 1, "UTF-16", "show -json"},
		{"raw state", `{"version":4,"lineage":"x","serial":1}`, 1, 2, "as Terraform keeps it", "terraform show -json terraform.tfstate"},
		{"schemas", `{"format_version":"1.0","provider_schemas":{"a":{}}}`, 1, 2, "schemas of providers", "show -json"},
		{"later format", `{"format_version":"2.0","values":{}}`, 1, 24, `format_version is "2.0"`, "show -json"},
		{"nothing there", `{"format_version":"1.0"}`, 1, 2, "nothing exists there", "show -json"},
		{"failed plan", `{"format_version":"1.2","planned_values":{},"errored":true}`, 1, 59, "ended with an error", "show -json"},
		{"too deep", `{"format_version":"1.2","values":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, 1, 434, "nest deeper", "show -json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, diags := terraform.Read("plan.json", []byte(tt.data))
			if !diags.HasErrors() || len(diags) != 1 || r.Network != nil {
				t.Fatalf("Read(%q) = %+v, %v, want one error and no network", tt.data, r, diags)
			}
			d := diags[0]
			if d.Pos.File != "plan.json" || d.Pos.Line != tt.line || d.Pos.Col != tt.col || !strings.Contains(d.Summary, tt.want) || !strings.Contains(d.Hint, tt.hint) {
				t.Errorf("Read(%q) = %s, want %d:%d: ... %s, hint ... %s", tt.data, d, tt.line, tt.col, tt.want, tt.hint)
			}
		})
	}
}

// TestNoNetworks: a file without networks is read, with a warning.
func TestNoNetworks(t *testing.T) {
	r, diags := terraform.Read("state.json", []byte("\xef\xbb\xbf"+`{"format_version":"1.0","values":{"root_module":{}}}`))
	if diags.HasErrors() || len(diags) != 1 || r.Network == nil || !strings.Contains(diags[0].Summary, "no networks") {
		t.Errorf("Read(empty state) = %+v, %v, want a network and a warning", r, diags)
	}
}

// FuzzRead: no bytes make it panic, and what is read is read twice alike.
func FuzzRead(f *testing.F) {
	for _, name := range []string{awsExample, "foreign-gcp.json", "foreign-azure.json"} {
		f.Add(file(f, name))
	}
	for _, s := range []string{
		``, `{}`, `{"format_version":"1.0","values":{"root_module":{"resources":[{"address":"aws_subnet.a","mode":"managed","type":"aws_subnet","name":"a","values":{"vpc_id":"vpc-1","cidr_block":"10.0.0.0/33"}}]}}}`,
		`{"format_version":"1.2","planned_values":{"root_module":{"resources":[{"address":"aws_vpn_connection.a","mode":"managed","type":"aws_vpn_connection","name":"a","values":{"tunnel1_inside_cidr":"255.255.255.255/32"}}]}}}`,
		`{"format_version":"1.2","planned_values":{"root_module":{"resources":[{"address":"aws_subnet.a","mode":"managed","type":"aws_subnet","name":"a","values":{}}]}},` +
			`"resource_changes":[{"address":"aws_subnet.a","change":{"after_unknown":{"vpc_id":true}}}],` +
			`"configuration":{"root_module":{"resources":[{"mode":"managed","type":"aws_subnet","name":"a","expressions":{"vpc_id":{"references":[".","[","a[","module.x","module.x[\"","var.y","each.value","aws_vpc."]}}}]}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, diags := terraform.Read("fuzz.json", data)
		if (a.Network == nil) != diags.HasErrors() {
			t.Fatalf("Read gives network %v with %v", a.Network, diags)
		}
		b, _ := terraform.Read("fuzz.json", data)
		if a.Network != nil && strings.Join(lines(a.Network), "\n") != strings.Join(lines(b.Network), "\n") {
			t.Fatal("Read gives two networks of one file")
		}
	})
}
