package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// markdown returns docs/cli.md: every command with its flags and examples.
func markdown(root *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The command line\n\nMade by `go test ./internal/cli -update` from the commands themselves.\n\n")
	fmt.Fprintf(&b, "%s\n\n", root.Long)
	fmt.Fprintf(&b, "| command | what it does |\n| --- | --- |\n")
	walk(root, func(c *cobra.Command) {
		if c != root && !c.HasAvailableSubCommands() {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
		}
	})
	fmt.Fprintf(&b, "\n## Everywhere\n\n")
	flags(&b, root.PersistentFlags())
	fmt.Fprintf(&b, "\nThere is colour on a terminal unless `NO_COLOR` is set, and none elsewhere. JSON has a\n`format_version`: its first number changes when keys change their meaning or go.\n")
	walk(root, func(c *cobra.Command) {
		if c == root {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n", c.CommandPath())
		text := c.Long
		if text == "" {
			text = c.Short + "."
		}
		fmt.Fprintf(&b, "    %s\n\n%s\n", c.UseLine(), paragraphs(text))
		if c.Example != "" {
			fmt.Fprintf(&b, "\nFor example:\n\n```sh\n%s\n```\n", dedent(c.Example))
		}
		if c.LocalNonPersistentFlags().HasAvailableFlags() {
			fmt.Fprintln(&b)
			flags(&b, c.LocalNonPersistentFlags())
		}
	})
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// walk visits the commands that are shown, parents first, by name.
func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" && sub.Name() != "help" {
			walk(sub, visit)
		}
	}
}

func flags(b *bytes.Buffer, set *pflag.FlagSet) {
	fmt.Fprintf(b, "| flag | what it does |\n| --- | --- |\n")
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			usage += fmt.Sprintf(" (default `%s`)", f.DefValue)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, usage)
	})
}

// paragraphs keeps indented lines apart as code.
func paragraphs(text string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "  ") {
			line = "  " + line
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func dedent(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}
