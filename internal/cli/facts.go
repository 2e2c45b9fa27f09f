package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/spec"
)

func (a *app) factsCommand() *cobra.Command {
	var unverified bool
	c := &cobra.Command{
		Use:   "facts [WORD...]",
		Short: "Print what tieline knows of the clouds, with sources",
		Long: `Prints the facts whose ids hold all the words: limits, address and name rules,
cipher offers, SKUs, MTUs and prices, each with value, unit, date, source and
mark. A word matches a part of an id, or its beginning.

With -f the facts are those of that spec, with its own files laid over them.`,
		Example: `  tieline facts aws vpn
  tieline facts azure price
  tieline facts --unverified`,
		RunE:              func(c *cobra.Command, words []string) error { return a.facts(c, words, unverified) },
		ValidArgsFunction: completeFacts,
	}
	c.Flags().BoolVar(&unverified, "unverified", false, "only those that are recalled and not checked")
	return c
}

func (a *app) facts(c *cobra.Command, words []string, unverified bool) error {
	known := atlas.Default()
	if c.Flags().Changed("file") {
		own, err := abandonable(c.Context(), func() (*atlas.Atlas, error) { return ownFacts(a.spec) })
		if err != nil {
			return err
		}
		known = own
	}
	list := known.Facts(words...)
	if len(list) == 0 {
		e := &usageError{text: fmt.Sprintf("no fact has %q in its id", strings.Join(words, " "))}
		for _, w := range words {
			if len(known.Facts(w)) == 0 {
				e.hint = diag.Suggest(w, factWords(known))
			}
		}
		return e
	}
	if unverified {
		list = slices.DeleteFunc(slices.Clone(list), func(f atlas.Fact) bool { return !f.IsUnverified() })
	}
	if a.json {
		return a.out.JSON(view.FactsJSON(list))
	}
	a.out.Facts(list)
	return nil
}

// ownFacts returns the facts of the spec at path.
func ownFacts(path string) (*atlas.Atlas, error) {
	s, diags := spec.Load(path)
	if diags.HasErrors() {
		return nil, &inputError{diags}
	}
	known, diags := factsOf(&s)
	if diags.HasErrors() {
		return nil, &inputError{diags}
	}
	return known, nil
}

// factWords lists the parts of all ids.
func factWords(a *atlas.Atlas) []string {
	var out []string
	for _, f := range a.Facts() {
		out = append(out, strings.Split(f.ID, ".")...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// completeFacts offers the words that still find something.
func completeFacts(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, f := range atlas.Default().Facts(args...) {
		out = append(out, strings.Split(f.ID, ".")...)
	}
	slices.Sort(out)
	out = slices.DeleteFunc(slices.Compact(out), func(w string) bool { return slices.Contains(args, w) })
	return out, cobra.ShellCompDirectiveNoFileComp
}
