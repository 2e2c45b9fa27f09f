package terraform

import (
	"errors"
	"io/fs"
	"testing"
)

// TestRun takes a root that joins three clouds through the whole cycle.
func TestRun(t *testing.T) { Run(t, "testdata/good") }

func TestValidate(t *testing.T) { Validate(t, "testdata/good") }

func TestFind(t *testing.T) {
	tests := []struct {
		name    string
		onPath  []string
		env     string
		want    string
		wantErr error
	}{
		{name: "terraform first", onPath: []string{"tofu", "terraform"}, env: "/opt/tofu", want: "terraform"},
		{name: "tofu without terraform", onPath: []string{"tofu"}, want: "tofu"},
		{name: "named by the environment", onPath: []string{"/opt/tofu"}, env: "/opt/tofu", want: "/opt/tofu"},
		{name: "none", wantErr: errNoProgram},
		{name: "the environment names none", env: "/opt/tofu", wantErr: errNoProgram},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lookPath := func(name string) (string, error) {
				for _, p := range tt.onPath {
					if p == name {
						return p, nil
					}
				}
				return "", fs.ErrNotExist
			}
			got, err := find(lookPath, func(string) string { return tt.env })
			if got != tt.want || !errors.Is(err, tt.wantErr) {
				t.Errorf("find() = %q, %v, want %q, %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}
