package cli

import (
	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/spec"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the spec, for editors",
		Long: `Prints the JSON Schema of the spec, with which editors complete and check it.
Save it beside the spec and put this in the spec's first line:

  # yaml-language-server: $schema=tieline.schema.json`,
		Example: "  tieline schema > tieline.schema.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(spec.JSONSchema())
			return err
		},
	}
}
