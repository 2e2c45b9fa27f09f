// Command standin is a Terraform provider that only has a schema.
//
// Copied or linked under the name terraform-provider-NAME_vVERSION it serves the copy of NAME's schema over plugin
// protocol 5: it accepts what the schema accepts, plans computed attributes as unknown, and invents their values on
// apply. So Terraform itself can check references, cycles, types and outputs of a whole configuration, offline and in
// seconds. It does not check values, never replaces a resource, and creates nothing.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

func main() {
	if err := run(os.Args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func run(program string) error {
	name, err := providerName(program)
	if err != nil {
		return err
	}
	p, err := schema.Load(name)
	if err != nil {
		return err
	}
	if p.Nested {
		return fmt.Errorf("provider %q has nested attributes, which need protocol 6", name)
	}
	address := "registry.terraform.io/" + p.Namespace + "/" + p.Name
	s := newServer(p)
	return tf5server.Serve(address, func() tfprotov5.ProviderServer { return s })
}

// providerName returns NAME of a path .../terraform-provider-NAME_vVERSION.
func providerName(program string) (string, error) {
	base := strings.TrimSuffix(filepath.Base(program), ".exe")
	rest, ok := strings.CutPrefix(base, "terraform-provider-")
	if !ok {
		return "", fmt.Errorf("called as %q, want terraform-provider-NAME_vVERSION", base)
	}
	name, _, _ := strings.Cut(rest, "_")
	return name, nil
}
