package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/render/terraform"
)

type renderOptions struct {
	out    string
	locked bool
}

func (a *app) renderCommand() *cobra.Command {
	var o renderOptions
	c := &cobra.Command{
		Use:   "render [SPEC]",
		Short: "Write the Terraform that builds the network",
		Long: `Compiles the spec and writes the Terraform that builds it into a folder, and
tieline.lock beside the spec.

What tieline wrote there before is replaced as a whole and in one step, so that
an interrupted run leaves the old files. What others put beside it stays:
.terraform, state, *.tfvars, a backend.tf. A folder that holds files and was
never written by tieline is refused; the file .tieline in it tells.`,
		Example: `  tieline render
  tieline render examples/triangle -o build/terraform`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.render(c.Context(), o) },
	}
	c.Flags().StringVarP(&o.out, "output", "o", "", "the `folder` to write (default: terraform beside the spec)")
	c.Flags().BoolVar(&o.locked, "locked", false, "refuse to change tieline.lock (exit code 2)")
	return c
}

func (a *app) render(ctx context.Context, o renderOptions) error {
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	dir := o.out
	if dir == "" {
		dir = filepath.Join(filepath.Dir(d.lockPath), "terraform")
	}
	rendered, err := terraform.Render(d.result.Network, d.atlas)
	if err != nil {
		return err
	}
	if o.locked && d.changesLock() {
		return d.lockedError()
	}
	files := make([]outFile, 0, len(rendered))
	for _, f := range rendered {
		files = append(files, outFile{path: f.Path, data: f.Data})
	}
	staged, err := stageFolder(ctx, dir, files)
	if err != nil {
		return err
	}
	defer staged.discard()
	if err := d.keep(o.locked); err != nil {
		return err
	}
	if err := staged.commit(); err != nil {
		return err
	}
	r := view.Rendered{Folder: dir, LockPath: d.lockPath, LockWritten: d.changesLock(), Warnings: d.result.Diags.Count(diag.Warning)}
	for _, f := range files {
		r.Files = append(r.Files, view.File{Path: f.path, Bytes: len(f.data)})
	}
	if a.json {
		return a.out.JSON(view.RenderedJSON(r))
	}
	a.out.Rendered(r)
	return nil
}
