package cli

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/diagram"
)

type graphOptions struct {
	format string
	out    string
}

// markdownExt ends the name of a page, in which Mermaid stands in a fence.
const markdownExt = ".md"

// pictures are the formats of graph, by the ends of their files' names.
var pictures = []struct {
	format string
	exts   []string
}{
	{"svg", []string{".svg"}},
	{"dot", []string{".dot", ".gv"}},
	{"mermaid", []string{".mmd", ".mermaid", markdownExt}},
}

func (a *app) graphCommand() *cobra.Command {
	var o graphOptions
	c := &cobra.Command{
		Use:   "graph [SPEC]",
		Short: "Draw the network as SVG, DOT or Mermaid",
		Long: `Draws the sites in their clouds, their networks and subnets by segment, and the
links by kind and bandwidth. Large networks are folded. The format follows the
name of the output file (.svg, .dot, .gv, .mmd, .mermaid, .md), and is SVG without one.`,
		Example: `  tieline graph -o network.svg
  tieline graph --format mermaid`,
		Args: a.specArg,
		RunE: func(c *cobra.Command, _ []string) error { return a.graph(c.Context(), o) },
	}
	c.Flags().StringVar(&o.format, "format", "", "`svg`, dot or mermaid")
	c.Flags().StringVarP(&o.out, "output", "o", "", "the `file` to write (default: standard output)")
	must(c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp)))
	return c
}

func formats() []string {
	var out []string
	for _, p := range pictures {
		out = append(out, p.format)
	}
	return out
}

func (a *app) graph(ctx context.Context, o graphOptions) error {
	format, err := o.chosen()
	if err != nil {
		return err
	}
	d, err := load(ctx, a.spec)
	if err != nil {
		return err
	}
	data := draw(d.result.Network, format)
	if format == "mermaid" && strings.EqualFold(filepath.Ext(o.out), markdownExt) {
		data = slices.Concat([]byte("```mermaid\n"), bytes.TrimRight(data, "\n"), []byte("\n```\n"))
	}
	if o.out == "" {
		_, err := a.out.Write(data)
		return err
	}
	if err := writeFile(o.out, data); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	w := view.Written{Files: []view.File{{Path: o.out, Bytes: len(data)}}}
	if a.json {
		return a.out.JSON(view.WrittenJSON(w))
	}
	a.out.Written(w)
	return nil
}

// chosen gives the format that is asked for, or that the file's name says.
func (o graphOptions) chosen() (string, error) {
	if o.format == "" && o.out == "" {
		return pictures[0].format, nil
	}
	if o.format == "" {
		ext := strings.ToLower(filepath.Ext(o.out))
		var known []string
		for _, p := range pictures {
			if slices.Contains(p.exts, ext) {
				return p.format, nil
			}
			known = append(known, p.exts...)
		}
		return "", &usageError{
			text: fmt.Sprintf("-o %s: the name does not say what to draw", o.out),
			hint: "end it in one of " + strings.Join(known, ", ") + ", or say --format",
		}
	}
	for _, p := range pictures {
		if o.format == p.format {
			return o.format, nil
		}
	}
	return "", &usageError{
		text: fmt.Sprintf("--format %s: it is one of %s", o.format, strings.Join(formats(), ", ")),
		hint: diag.Suggest(o.format, formats()),
	}
}

func draw(n *fabric.Network, format string) []byte {
	m := diagram.Model(n)
	switch format {
	case "dot":
		return []byte(diagram.DOT(m))
	case "mermaid":
		return []byte(diagram.Mermaid(m))
	}
	return diagram.SVG(m)
}
