package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform"
)

// subject is a network to prove: compiled from a spec, or read from what
// Terraform says is there.
type subject struct {
	name    string // the file or folder it is from
	network *fabric.Network
	atlas   *atlas.Atlas
	design  *design   // nil when read from Terraform
	diags   diag.List // what reading or compiling it had to say
}

// subject loads the spec, or the file of terraform show -json when one is named.
func (a *app) subject(ctx context.Context, terraformFile string) (*subject, error) {
	if terraformFile == "" {
		d, err := load(ctx, a.spec)
		if err != nil {
			return nil, err
		}
		return &subject{name: a.spec, network: d.result.Network, atlas: d.atlas, design: d, diags: d.result.Diags}, nil
	}
	data, err := abandonable(ctx, func() ([]byte, error) { return os.ReadFile(terraformFile) })
	if errors.Is(err, os.ErrNotExist) {
		return nil, &usageError{text: fmt.Sprintf("there is no file %s", terraformFile), hint: "terraform show -json tfplan > plan.json writes one"}
	}
	if err != nil {
		return nil, fmt.Errorf("reading what Terraform says: %w", err)
	}
	r, diags := terraform.Read(terraformFile, data)
	if diags.HasErrors() {
		return nil, &inputError{diags}
	}
	return &subject{name: terraformFile, network: r.Network, atlas: atlas.Default(), diags: diags}, nil
}
