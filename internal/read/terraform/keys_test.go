package terraform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/read/terraform"
)

// TestKeys: of several instances, a plan that creates them says which is meant
// only where an expression reads one resource and one key. What else it may be
// is unknown, and never taken for the likeliest.
func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		name    string
		index   func(i int) string // of the associations and subnets
		forEach string
		table   []string // references of route_table_id
		matched int
		want    []string // tables of the subnets by the ends of their ids; empty for unknown
	}{
		{name: "the same key", index: word, forEach: `{"references":["var.zones"]}`, table: []string{"aws_route_table.t", "each.key"}, matched: 4, want: []string{"t0", "t1"}},
		{name: "the same number", index: number, table: []string{"aws_route_table.t", "count.index"}, matched: 4, want: []string{"t0", "t1"}},
		{name: "a constant", index: word, forEach: `{"constant_value":{"a":{"table":"b"},"b":{"table":"a"}}}`, table: []string{"aws_route_table.t", "each.value.table", "each.value"}, want: []string{"t1", "t0"}},
		{name: "a value that a local holds", index: word, forEach: `{"references":["local.zones"]}`, table: []string{"aws_route_table.t", "each.value.table", "each.value"}, matched: 2},
		{name: "a key that a local translates", index: word, forEach: `{"references":["var.zones"]}`, table: []string{"aws_route_table.t", "local.table_of", "each.key"}, matched: 2},
		{name: "a condition", index: number, table: []string{"aws_route_table.t", "var.single", "count.index"}, matched: 2},
		{name: "a local alone", index: word, forEach: `{"references":["var.zones"]}`, table: []string{"local.table_id"}, matched: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := "each.key"
			if tt.forEach == "" {
				key = "count.index"
			}
			var planned, changes []string
			add := func(typ, name, index, values, unknown string) {
				address := fmt.Sprintf("%s.%s", typ, name)
				if index != "" {
					address += "[" + index + "]"
					index = `"index":` + index + `,`
				}
				planned = append(planned, fmt.Sprintf(`{"address":%q,"mode":"managed","type":%q,"name":%q,%s"values":{"region":"eu-west-1",%s}}`, address, typ, name, index, values))
				changes = append(changes, fmt.Sprintf(`{"address":%q,"change":{"after_unknown":{%s}}}`, address, unknown))
			}
			add("aws_vpc", "v", "", `"cidr_block":"10.0.0.0/16"`, `"id":true`)
			for i := range 2 {
				add("aws_subnet", "s", tt.index(i), fmt.Sprintf(`"cidr_block":"10.0.%d.0/24"`, i), `"id":true,"vpc_id":true`)
				add("aws_route_table", "t", tt.index(i), fmt.Sprintf(`"tags":{"Name":"t%d"}`, i), `"id":true,"vpc_id":true`)
				add("aws_route_table_association", "a", tt.index(i), `"gateway_id":null`, `"subnet_id":true,"route_table_id":true`)
			}
			config := func(typ, name, forEach string, expressions ...string) string {
				if forEach != "" {
					forEach = `,"for_each_expression":` + forEach
				}
				return fmt.Sprintf(`{"address":"%s.%s","mode":"managed","type":%q,"name":%q,"expressions":{%s}%s}`, typ, name, typ, name, strings.Join(expressions, ","), forEach)
			}
			refers := func(attr string, refs ...string) string {
				return fmt.Sprintf(`%q:{"references":["%s"]}`, attr, strings.Join(refs, `","`))
			}
			plan := fmt.Sprintf(`{"format_version":"1.2","planned_values":{"root_module":{"resources":[%s]}},"resource_changes":[%s],"configuration":{"root_module":{"resources":[%s]}}}`,
				strings.Join(planned, ","), strings.Join(changes, ","), strings.Join([]string{
					config("aws_vpc", "v", ""),
					config("aws_subnet", "s", "", refers("vpc_id", "aws_vpc.v.id", "aws_vpc.v")),
					config("aws_route_table", "t", "", refers("vpc_id", "aws_vpc.v.id", "aws_vpc.v")),
					config("aws_route_table_association", "a", tt.forEach, refers("subnet_id", "aws_subnet.s", key), refers("route_table_id", tt.table...)),
				}, ","))
			r, diags := terraform.Read("plan.json", []byte(plan))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if len(r.Network.Subnets) != 2 {
				t.Fatalf("%d subnets, want 2", len(r.Network.Subnets))
			}
			for i, s := range r.Network.Subnets {
				table := s.Parts[0].RouteTable
				if tt.want == nil && s.Meta.Unread == "" {
					t.Errorf("the table of %s is %s, want it unknown", s.ID, table)
				}
				if tt.want != nil && (s.Meta.Unread != "" || !strings.HasSuffix(string(table), tt.want[i])) {
					t.Errorf("the table of %s is %s (%s), want %s", s.ID, table, s.Meta.Unread, tt.want[i])
				}
			}
			if r.Matched != tt.matched {
				t.Errorf("%d references told by keys, want %d", r.Matched, tt.matched)
			}
		})
	}
}

func word(i int) string   { return string([]byte{'"', byte('a' + i), '"'}) }
func number(i int) string { return fmt.Sprint(i) }
