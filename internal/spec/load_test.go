package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	mainPart  = "version: 1\nname: x\naccounts: {p: {cloud: aws, id: \"111122223333\"}}\nsites:\n  a: {cloud: aws, region: r}\n"
	otherPart = "sites:\n  b: {cloud: aws, region: r}\nconnect:\n  - {link: [a, b]}\n"
)

// inFolder writes files, each name leading to its text, and goes there.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoad(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		path  string
		sites string // names found, in order
		want  string // the diagnostics
	}{
		{
			name: "one file", path: "network.yaml", sites: "a",
			files: map[string]string{"network.yaml": mainPart, "other.yaml": otherPart},
		},
		{
			name: "folder, the main file first", path: ".", sites: "a b",
			files: map[string]string{
				"network.yaml": mainPart, "b.yml": otherPart, "network.test.yaml": "tests: []", "network.lock": "x",
				"README.md": "x", ".hidden.yaml": "x", "sub/c.yaml": "x",
			},
		},
		{
			name: "facts are no spec", path: ".", sites: "a",
			files: map[string]string{"network.yaml": mainPart + "facts: quotas.yaml\n", "quotas.yaml": "limits: {a: 1}"},
		},
		{
			name: "include, from elsewhere and twice", path: "net/network.yaml", sites: "a b c",
			files: map[string]string{
				"net/network.yaml": mainPart + "include: [../shared/b.yaml, ../shared/c.yaml]\n",
				"shared/b.yaml":    "include: c.yaml\n" + otherPart,
				"shared/c.yaml":    "sites: {c: {cloud: aws, region: r}}\n",
			},
		},
		{
			name: "include missing", path: "network.yaml", sites: "a",
			files: map[string]string{"network.yaml": mainPart + "include: shared/b.yaml\n"},
			want:  "network.yaml:6:10: error: include \"shared/b.yaml\": there is no such file\n  hint: include is relative to the file it stands in: shared/b.yaml is looked for\n",
		},
		{
			name: "include in a circle", path: "network.yaml", sites: "a b",
			files: map[string]string{"network.yaml": mainPart + "include: b.yaml\n", "b.yaml": "include: [network.yaml]\n" + otherPart},
			want:  "b.yaml:1:11: error: include goes in a circle: network.yaml includes b.yaml includes network.yaml\n  hint: remove one of the includes\n",
		},
		{
			name: "same site in two files", path: "net", sites: "a b",
			files: map[string]string{"net/network.yaml": mainPart, "net/b.yaml": otherPart, "net/c.yaml": "sites: {a: {cloud: aws, region: r}}\n"},
			want:  "net/c.yaml:1:9: error: site \"a\" is defined twice\n  net/network.yaml:5:3: the first is here\n",
		},
		{
			name: "scalars twice", path: ".", sites: "a b",
			files: map[string]string{"network.yaml": mainPart, "b.yaml": "version: 1\nname: y\n" + otherPart},
			want:  "b.yaml:2:7: error: name is y here and x elsewhere\n  network.yaml:2:7: the first is here\n  hint: give it once\n",
		},
		{
			name: "mistake in one of the files", path: ".", sites: "a b",
			files: map[string]string{"network.yaml": mainPart, "b.yaml": strings.Replace(otherPart, "[a, b]", "[a, c]", 1)},
			want:  "b.yaml:4:16: error: there is no site \"c\"\n  hint: did you mean \"a\"?\n",
		},
		{
			name: "empty folder", path: ".", files: map[string]string{"x.txt": ""},
			want: ".: error: no spec found: the folder has no network.yaml\n  hint: tieline init writes a starter spec\n",
		},
		{
			name: "no such file", path: "net.yaml",
			want: "net.yaml: error: there is no such file or folder\n  hint: tieline init writes a starter spec\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, tt.files)
			s, diags := Load(tt.path)
			var names []string
			for _, site := range s.Sites {
				names = append(names, site.Name)
			}
			if got := strings.Join(names, " "); got != tt.sites {
				t.Errorf("Load(%q) has sites %q, want %q", tt.path, got, tt.sites)
			}
			if diff := cmp.Diff(tt.want, diags.String()); diff != "" {
				t.Errorf("Load(%q) diagnostics (-want +got):\n%s", tt.path, diff)
			}
		})
	}
}

func TestParseIncludesAmongFiles(t *testing.T) {
	s, diags := Parse([]File{
		{Name: "net/network.yaml", Data: []byte(mainPart + "include: b.yaml\n")},
		{Name: "net/b.yaml", Data: []byte(otherPart)},
	})
	if len(diags) > 0 || len(s.Sites) != 2 {
		t.Errorf("Parse = %d sites, %v, want 2 sites", len(s.Sites), diags)
	}
}

func TestParseNothing(t *testing.T) {
	if _, diags := Parse(nil); !diags.HasErrors() {
		t.Error("Parse(nil) reports nothing, want no spec found")
	}
}
