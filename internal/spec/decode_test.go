package spec

import (
	"fmt"
	"iter"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/diag"
)

func TestParseFull(t *testing.T) {
	data, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, diags := Parse([]File{{Name: "full.yaml", Data: data}})
	if len(diags) > 0 {
		t.Fatalf("Parse(full.yaml) reports:\n%s", diags)
	}
	site := s.Sites[0]
	if got, want := site.Pos.String(), "full.yaml:14:3"; got != want {
		t.Errorf("site position = %v, want %v", got, want)
	}
	if got, want := site.Region.Pos.String(), "full.yaml:16:13"; got != want {
		t.Errorf("region position = %v, want %v", got, want)
	}
	if got, want := site.Networks[0].Subnets[1].Internet.V, "nat"; got != want {
		t.Errorf("internet = %q, want %q", got, want)
	}
	if got, want := s.Traffic[0].To.V.String(), "gcp-oregon:training"; got != want {
		t.Errorf("traffic to = %q, want %q", got, want)
	}
}

// estate writes a spec of about three lines a subnet.
func estate(sites, subnets int) []byte {
	var b strings.Builder
	b.WriteString("version: 1\nname: estate\naccounts:\n  prod: {cloud: aws, id: \"111122223333\"}\nsegments: {training: {}}\nsites:\n")
	for i := range sites {
		fmt.Fprintf(&b, "  site-%d:\n    cloud: aws\n    region: us-west-2\n    account: prod\n    networks:\n      net:\n        size: /16\n        subnets:\n", i)
		for j := range subnets {
			fmt.Fprintf(&b, "          sub-%d:\n            size: /24\n            segment: training\n", j)
		}
	}
	b.WriteString("policy:\n")
	for range 200 {
		b.WriteString("  - {from: training, to: [10.0.0.0/8, site-3/net/sub-2], ports: [tcp/443, udp/53]}\n")
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	data := estate(1000, 7)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := Parse([]File{{Name: "network.yaml", Data: data}}); diags.HasErrors() {
			b.Fatal(diags[0])
		}
	}
}

// parseOne reads text as the value of f and returns what is reported.
func parseOne(t *testing.T, f *field, text string) string {
	t.Helper()
	var diags diag.List
	n := document(File{Name: "x", Data: []byte(f.key + ": " + text)}, &diags)
	if n == nil {
		return diags.String()
	}
	one := *f
	one.index = 0
	d := decoder{file: "x", diags: &diags}
	var typ reflect.Type
	for sh := range shapes() {
		for i := range sh.fields {
			if sh.fields[i].key == f.key && sh.fields[i].scalar == f.scalar && sh.fields[i].kind == f.kind {
				typ = sh.typ.Field(sh.fields[i].index).Type
			}
		}
	}
	v := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "X", Type: typ}})).Elem()
	d.field(&one, f.key, n.Content[1], v, place{noun: "x"}, diag.Pos{})
	return diags.String()
}

// shapes yields every shape of the grammar.
func shapes() iter.Seq[*shape] {
	return func(yield func(*shape) bool) {
		done := map[reflect.Type]*shape{}
		shapeOf(reflect.TypeFor[Spec](), done)
		for _, sh := range done {
			if !yield(sh) {
				return
			}
		}
	}
}
