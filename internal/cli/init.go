package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/cli/ask"
	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

type initOptions struct {
	name   string
	sites  []string
	pool   string
	onprem bool
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a commented starter spec",
		Long: `Writes a commented starter spec, network.yaml in the current folder or what -f
names. On a terminal and without --site it asks. It never overwrites a file. In
a git repository it also sees to it that branches merge tieline.lock cleanly, by
a line in .gitattributes.`,
		Example: `  tieline init
  tieline init --name shop --site aws:us-west-2 --site gcp:us-west1 --onprem`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.writeStarter(c.Context(), o) },
	}
	c.Flags().StringVar(&o.name, "name", "", "`name` of the network (default: that of the folder)")
	c.Flags().StringSliceVar(&o.sites, "site", nil, "a site, as `cloud:region`; may be repeated")
	c.Flags().StringVar(&o.pool, "pool", "", "the `CIDR` that addresses are taken from (default 10.0.0.0/8)")
	c.Flags().BoolVar(&o.onprem, "onprem", false, "with a site of your own")
	must(c.RegisterFlagCompletionFunc("site", completeRegions))
	return c
}

func (a *app) writeStarter(ctx context.Context, o initOptions) error {
	file := a.spec
	if !isYAML(file) {
		if err := mayBeFolder(file); err != nil {
			return err
		}
		file = filepath.Join(file, spec.MainFile)
	}
	if _, err := os.Lstat(file); err == nil {
		return &usageError{text: file + " exists, and init never overwrites", hint: "name another with -f"}
	}
	starter, err := o.starter(file)
	if err != nil {
		return err
	}
	if len(o.sites) == 0 && ask.Possible(a.in, a.err.Writer()) {
		if starter, err = ask.Starter(ctx, a.in, a.err.Writer(), atlas.Default(), starter); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	data := []byte(spec.Starter(starter))
	if err := writeFile(file, data); err != nil {
		return fmt.Errorf("writing the spec: %w", err)
	}
	w := view.Written{Files: []view.File{{Path: file, Bytes: len(data)}}}
	attributes, err := unionMerge(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("writing .gitattributes: %w", err)
	}
	if attributes.Path != "" {
		w.Files = append(w.Files, attributes)
	}
	target := filepath.Dir(file)
	if filepath.Base(file) != spec.MainFile {
		target = file
	}
	w.Next = []string{"edit " + file, strings.TrimSuffix("tieline plan "+target, " .")}
	if a.json {
		return a.out.JSON(view.WrittenJSON(w))
	}
	a.out.Written(w)
	return nil
}

// mayBeFolder refuses what is a file, or has the name of one.
func mayBeFolder(name string) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil, filepath.Ext(name) != "" && !isDots(name):
		return &usageError{
			text: fmt.Sprintf("-f %s: a spec is a file in .yaml or .yml, or a folder", name),
			hint: "for example -f " + filepath.Join(filepath.Dir(name), spec.MainFile),
		}
	}
	return nil
}

// isDots reports whether a path ends in . or .. or names a hidden folder.
func isDots(name string) bool { return strings.HasPrefix(filepath.Base(name), ".") }

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// starter reads the flags.
func (o initOptions) starter(file string) (spec.StarterOptions, error) {
	s := spec.StarterOptions{Name: o.name, OnPrem: o.onprem}
	if s.Name == "" {
		if dir, err := filepath.Abs(filepath.Dir(file)); err == nil && spec.ValidName(filepath.Base(dir)) {
			s.Name = filepath.Base(dir)
		}
	} else if !spec.ValidName(s.Name) {
		return s, &usageError{
			text: fmt.Sprintf("--name %s: that is no name", s.Name),
			hint: "lower-case letters, digits and hyphens, starting with a letter",
		}
	}
	for _, text := range o.sites {
		site, err := spec.ParseStarterSite(text)
		if err != nil {
			hint := "write cloud:region, for example aws:us-west-2"
			if cloud, _, _ := strings.Cut(text, ":"); strings.ReplaceAll(cloud, "-", "") == vocab.OnPrem.String() {
				hint = "--onprem adds a site of your own"
			}
			return s, &usageError{text: fmt.Sprintf("--site %s: %v", text, err), hint: hint}
		}
		if _, ok := atlas.Default().Region(site.Cloud, site.Region); !ok {
			e := &usageError{text: fmt.Sprintf("--site %s: %s has no region %q", text, site.Cloud.Title(), site.Region)}
			if near := atlas.Default().NearRegions(site.Cloud, site.Region); len(near) > 0 {
				e.hint = "near it: " + strings.Join(near, ", ")
			}
			return s, e
		}
		s.Sites = append(s.Sites, site)
	}
	if o.pool != "" {
		p, err := prefix.ParsePrefixStrict(o.pool)
		if err == nil && !p.Addr().Is4() {
			err = errors.New("the pool is of IPv4")
		}
		if err != nil {
			return s, &usageError{text: fmt.Sprintf("--pool %s: %v", o.pool, err), hint: "for example 10.0.0.0/8"}
		}
		s.Pool = netip.Prefix(p)
	}
	return s, nil
}

// mergeLine makes git merge the lock by keeping the lines of both sides.
const mergeLine = lockName + " merge=union"

// unionMerge adds mergeLine to .gitattributes in dir when dir is in a git
// repository and has no such line; the file is zero when there is nothing to do.
func unionMerge(dir string) (view.File, error) {
	if !inRepository(dir) {
		return view.File{}, nil
	}
	name := filepath.Join(dir, ".gitattributes")
	data, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return view.File{}, err
	}
	if bytes.Contains(data, []byte(lockName)) {
		return view.File{}, nil
	}
	if len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
		data = append(data, '\n')
	}
	data = append(data, mergeLine+"\n"...)
	return view.File{Path: name, Bytes: len(data)}, writeFile(name, data)
}

func inRepository(dir string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}

// completeRegions offers cloud:region.
func completeRegions(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, c := range vocab.Clouds {
		for _, r := range atlas.Default().Regions(c) {
			out = append(out, c.String()+":"+r.Name)
		}
	}
	slices.Sort(out)
	return out, cobra.ShellCompDirectiveNoFileComp
}
