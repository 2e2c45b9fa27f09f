package spec

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "rewrite docs/spec.md and docs/schema.json")

func TestGeneratedDocs(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"../../docs/spec.md", Markdown()},
		{"../../docs/schema.json", string(JSONSchema())},
	} {
		if *update {
			if err := os.MkdirAll(filepath.Dir(tt.path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(tt.path, []byte(tt.want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s is not fresh; run go test ./internal/spec -update (-want +got):\n%s", tt.path, diff)
		}
	}
}

// compiled is the schema, ready to validate.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, name, text string) error {
	t.Helper()
	var v any
	if err := yaml.Load([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s.Validate(v)
}

func TestSchemaAcceptsWhatParses(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range append(files, "example.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, diags := Parse([]File{{Name: path, Data: data}}); len(diags) > 0 {
			t.Errorf("Parse(%s) reports:\n%s", path, diags)
		}
		if err := validate(t, s, path, string(data)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	const head = "version: 1\nname: x\nsites:\n  a: {cloud: aws, region: us-west-2}\n"
	if err := validate(t, s, "head", head); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, text string }{
		{"unknown key", head + "enviroment: x\n"},
		{"enum", head + "terraform: {layout: stack}\n"},
		{"wrong type", head + "connect: {mesh: [a]}\n"},
		{"name", head + "segments: {Training: {}}\n"},
		{"later", head + "overlay: {}\n"},
		{"required", "version: 1\n"},
		{"version", strings.Replace(head, "version: 1", "version: 2", 1)},
		{"nested", head + "policy:\n  - {from: a, to: a, ports: [tpc/1]}\n"},
		{"no sites", "version: 1\nname: x\nsites: {}\n"},
	} {
		if err := validate(t, s, tt.name, tt.text); err == nil {
			t.Errorf("%s: the schema accepts %q", tt.name, tt.text)
		}
	}
}

// TestExamplesParse reads every example of the tags in its place.
func TestExamplesParse(t *testing.T) {
	done := map[*shape]bool{}
	var visit func(sh *shape)
	visit = func(sh *shape) {
		if done[sh] {
			return
		}
		done[sh] = true
		for i := range sh.fields {
			f := &sh.fields[i]
			if f.doc == "" && f.key != "" {
				t.Errorf("%s.%s has no doc", sh.typ.Name(), f.key)
			}
			if f.elem != nil {
				visit(f.elem)
			}
			for _, text := range []string{f.example, f.def} {
				if text == "" || f.kind != kindValue && f.kind != kindValues {
					continue
				}
				if got := parseOne(t, f, text); got != "" {
					t.Errorf("%s.%s: example %q: %s", sh.typ.Name(), f.key, text, got)
				}
			}
		}
	}
	visit(grammar())
}
