package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab"
)

type captureOptions struct {
	out          string
	inner, outer bool
	length       time.Duration
}

func (a *app) labCapture(o *labOptions) *cobra.Command {
	var k captureOptions
	c := &cobra.Command{
		Use:   "capture A B",
		Short: "Write the packets of a link to a pcapng file",
		Long: `Writes the packets of a link, named by its two sites or its id, to a file for
Wireshark or tcpdump, as they pass at A's end: inside the tunnels, or with
--outer the encrypted ones outside. It ends after --for, or at Ctrl-C.`,
		Example: `  tieline lab capture aws-oregon gcp-oregon -o x.pcapng --for 10s
  tieline lab capture aws-oregon--gcp-oregon --outer -o - | tcpdump -n -r -`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1 && len(args) != 2:
				return &usageError{text: "capture takes the two sites of a link, or the link's id"}
			case k.out == "":
				return &usageError{text: "capture wants -o, the file to write", hint: "-o x.pcapng, or -o - for standard output"}
			case k.inner && k.outer:
				return &usageError{text: "--inner and --outer: give one of them"}
			case k.length < 0:
				return &usageError{text: fmt.Sprintf("--for %s is below 0", k.length)}
			}
			return nil
		},
		RunE:              func(c *cobra.Command, args []string) error { return a.capture(c.Context(), o, k, args) },
		ValidArgsFunction: o.completeLinks,
	}
	c.Flags().StringVarP(&k.out, "output", "o", "", "the `file` to write, - for standard output")
	c.Flags().BoolVar(&k.inner, "inner", false, "the packets inside the tunnels (the default)")
	c.Flags().BoolVar(&k.outer, "outer", false, "the encrypted packets outside")
	c.Flags().DurationVar(&k.length, "for", 0, "end after this `time`: 10s")
	return c
}

func (a *app) capture(ctx context.Context, o *labOptions, k captureOptions, args []string) error {
	client, names, err := o.named(ctx)
	if err != nil {
		return err
	}
	q := lab.FaultRequest{A: args[0], Tunnel: -1}
	if len(args) == 2 {
		q.B = args[1]
	}
	if err := known(&names, &q); err != nil {
		return err
	}
	limited, cancel := ctx, context.CancelFunc(func() {})
	if k.length > 0 {
		limited, cancel = context.WithTimeout(ctx, k.length)
	}
	defer cancel()
	var w io.Writer = a.out
	var file *os.File
	if k.out != "-" {
		if file, err = os.Create(k.out); err != nil {
			return fmt.Errorf("writing the packets: %w", err)
		}
		w = file
		a.err.Line("capturing %s – %s, until Ctrl-C or --for ends", q.A, q.B)
	}
	count := &counted{w: w}
	err = client.Capture(limited, lab.CaptureRequest{A: q.A, B: q.B, Outer: k.outer}, count)
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	if err == nil && file != nil {
		a.err.Line("wrote %s to %s", view.Count(count.bytes, "byte"), k.out)
	}
	return err
}

// counted counts what is written.
type counted struct {
	w     io.Writer
	bytes int
}

// Write passes a piece on.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.bytes += n
	return n, err
}
