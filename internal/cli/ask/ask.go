// Package ask puts questions to a person on a terminal. It takes the answers
// known so far and returns them completed; what they are for is its callers'.
package ask

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"charm.land/huh/v2"
	"github.com/charmbracelet/x/term"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Possible reports whether there is someone to ask: both ends are terminals.
func Possible(in io.Reader, out io.Writer) bool {
	return isTerminal(in) && isTerminal(out)
}

func isTerminal(x any) bool {
	f, ok := x.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// Starter asks for what a starter spec is written from. It returns
// context.Canceled when the person leaves.
func Starter(ctx context.Context, in io.Reader, out io.Writer, a *atlas.Atlas, known spec.StarterOptions) (spec.StarterOptions, error) {
	answers := known
	if answers.Name == "" {
		answers.Name = "my-network"
	}
	clouds := []vocab.Cloud{vocab.AWS, vocab.GCP}
	options := make([]huh.Option[vocab.Cloud], 0, len(vocab.Clouds))
	for _, c := range vocab.Clouds {
		options = append(options, huh.NewOption(c.Title(), c))
	}
	err := run(ctx, in, out, huh.NewGroup(
		huh.NewInput().Title("Name of the network").Description("It leads the names of all resources.").Value(&answers.Name).Validate(validName),
		huh.NewMultiSelect[vocab.Cloud]().Title("Clouds").Options(options...).Height(len(options)+2).Value(&clouds).Validate(notEmpty),
		huh.NewConfirm().Title("A site of your own too?").Value(&answers.OnPrem),
	))
	if err != nil {
		return known, err
	}
	regions := make([]string, len(clouds))
	fields := make([]huh.Field, 0, len(clouds))
	for i, c := range clouds {
		regions[i] = spec.ExampleRegion(c)
		var list []huh.Option[string]
		for _, r := range a.Regions(c) {
			list = append(list, huh.NewOption(fmt.Sprintf("%s  %s", r.Name, r.City), r.Name))
		}
		fields = append(fields, huh.NewSelect[string]().Title("Region of "+c.Title()).Options(list...).Height(8).Value(&regions[i]))
	}
	if err := run(ctx, in, out, huh.NewGroup(fields...)); err != nil {
		return known, err
	}
	for i, c := range clouds {
		answers.Sites = append(answers.Sites, spec.StarterSite{Cloud: c, Region: regions[i]})
	}
	return answers, nil
}

func run(ctx context.Context, in io.Reader, out io.Writer, group *huh.Group) error {
	err := huh.NewForm(group).WithInput(in).WithOutput(out).RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) {
		return context.Canceled
	}
	return err
}

func validName(s string) error {
	if !spec.ValidName(s) {
		return errors.New("lower-case letters, digits and hyphens, starting with a letter")
	}
	return nil
}

func notEmpty(clouds []vocab.Cloud) error {
	if len(clouds) == 0 {
		return errors.New("take at least one")
	}
	return nil
}
