package terraform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// hosts are the registries whose addresses Terraform and OpenTofu give to a source like "hashicorp/aws".
var hosts = []string{"registry.terraform.io", "registry.opentofu.org"}

// standinPackage is built as the provider.
const standinPackage = "github.com/tieline/tieline/internal/testkit/terraform/standin"

// providers builds the stand-in once in a test process and returns the mirror directory that holds it.
var providers = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	base := filepath.Join(cache, "tieline-test", "standin")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(base, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	program := filepath.Join(work, "standin")
	if err := build(program); err != nil {
		return "", err
	}
	sum, err := contentHash(program)
	if err != nil {
		return "", err
	}
	mirror := filepath.Join(base, sum)
	if _, err := os.Stat(mirror); err == nil {
		return mirror, nil
	}
	layout := filepath.Join(work, "mirror")
	if err := lay(layout, program); err != nil {
		return "", err
	}
	if err := os.Rename(layout, mirror); err != nil {
		if _, statErr := os.Stat(mirror); statErr == nil {
			return mirror, nil // another test process was faster
		}
		return "", err
	}
	return mirror, nil
})

// build compiles the stand-in in the module that the test runs in.
func build(program string) error {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, standinPackage)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS=", "GOARCH=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// contentHash names a mirror after the program in it, so that a changed stand-in gets a new one.
func contentHash(program string) (string, error) {
	f, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// lay links the program into the unpacked layout of a filesystem mirror, once for each provider and registry.
func lay(dir, program string) error {
	for _, host := range hosts {
		for _, s := range schema.Sources() {
			if s.Nested {
				continue
			}
			d := filepath.Join(dir, host, s.Namespace, s.Name, s.Version, platform())
			if err := os.MkdirAll(d, 0o755); err != nil {
				return err
			}
			if err := os.Link(program, filepath.Join(d, "terraform-provider-"+s.Name+"_v"+s.Version)); err != nil {
				return err
			}
		}
	}
	return nil
}
