package terraform_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

var writeDocs = flag.Bool("docs", false, "write the lists of docs/check-terraform.md anew")

// TestDocs: the lists of the page are the code's.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "check-terraform.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := section(t, section(t, string(data), "read", terraform.Reads()), "harmless", terraform.Harmless())
	if *writeDocs {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != string(data) {
		t.Errorf("%s is not fresh: go test ./internal/read/terraform -run TestDocs -docs", path)
	}
}

// section replaces what is between two marks by a list.
func section(t *testing.T, text, name string, items []string) string {
	t.Helper()
	begin := strings.Index(text, "<!-- "+name+":")
	end := strings.Index(text, "<!-- /"+name+" -->")
	if begin < 0 || end < begin {
		t.Fatalf("no section %q", name)
	}
	head := strings.Index(text[begin:], "\n") + begin + 1
	var b strings.Builder
	for _, item := range items {
		b.WriteString("- `" + item + "`\n")
	}
	return text[:head] + "\n" + b.String() + "\n" + text[end:]
}

// TestReadsExist: each type that is read is one of the providers', and none is
// harmless too.
func TestReadsExist(t *testing.T) {
	for _, name := range []string{"aws", "google", "azurerm"} {
		p, err := schema.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range terraform.Reads() {
			if !strings.HasPrefix(typ, name+"_") {
				continue
			}
			if !slices.Contains(p.ResourceTypes(), typ) {
				t.Errorf("Reads() has %s, which the provider has not", typ)
			}
		}
	}
	for _, prefix := range terraform.Harmless() {
		if i := slices.IndexFunc(terraform.Reads(), func(s string) bool { return strings.HasPrefix(s, prefix) }); i >= 0 {
			t.Errorf("Harmless() has %s, which is the beginning of %s", prefix, terraform.Reads()[i])
		}
	}
}
