package view

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/diag"
)

// printed runs print on a printer of a width.
func printed(width int, print func(*Printer)) string {
	var b bytes.Buffer
	p := NewPrinter(&b, os.Getenv)
	p.width, p.whole = width, false
	print(p)
	return b.String()
}

func sample() table {
	t := table{indent: "  ", columns: []column{
		{head: "NAME"}, {head: "COUNT", right: true}, {head: "LEFT OUT", drop: 2}, {head: "EMPTY"}, {head: "NOTE", flex: true},
	}}
	t.add("aws-oregon", "4", "some", "", "a note that is long enough")
	t.add("ÄÖÜ – 東京", "12", "thing", "", "short")
	return t
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name  string
		width int
		wrap  bool
		want  []string
	}{
		{"room for all", 80, false, []string{
			"  NAME        COUNT  LEFT OUT  NOTE",
			"  aws-oregon      4  some      a note that is long enough",
			"  ÄÖÜ – 東京     12  thing     short",
		}},
		{"cut", 52, false, []string{
			"  NAME        COUNT  LEFT OUT  NOTE",
			"  aws-oregon      4  some      a note that is long …",
			"  ÄÖÜ – 東京     12  thing     short",
		}},
		{"a column less", 42, false, []string{
			"  NAME        COUNT  NOTE",
			"  aws-oregon      4  a note that is long …",
			"  ÄÖÜ – 東京     12  short",
		}},
		{"wrapped", 42, true, []string{
			"  NAME        COUNT  NOTE",
			"  aws-oregon      4  a note that is long",
			"                     enough",
			"  ÄÖÜ – 東京     12  short",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sample()
			s.columns[4].wrap = c.wrap
			got := strings.Split(strings.TrimSuffix(printed(c.width, s.print), "\n"), "\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("table at %d columns (-want +got):\n%s", c.width, diff)
			}
		})
	}
}

func TestWrapped(t *testing.T) {
	got := printed(20, func(p *Printer) { p.Wrapped("warning: ", "    ", "one two three four five-and-a-very-long-word six") })
	want := "warning: one two\n    three four\n    five-and-a-very-long-word\n    six\n"
	if got != want {
		t.Errorf("Wrapped at 20 columns = %q, want %q", got, want)
	}
}

func TestColourOnTerminalsOnly(t *testing.T) {
	d := diag.List{{Pos: diag.Pos{File: "a.yaml", Line: 2, Col: 3}, Severity: diag.Error, Summary: "it is wrong", Hint: "mend it"}}
	plain := printed(80, func(p *Printer) { p.Diagnostics(d) })
	if want := "a.yaml:2:3: error: it is wrong\n  hint: mend it\n1 error\n"; plain != want {
		t.Errorf("Diagnostics = %q, want %q", plain, want)
	}
	coloured := printed(80, func(p *Printer) { p.color = true; p.Diagnostics(d) })
	if want := "\x1b[1ma.yaml:2:3\x1b[0m: \x1b[31merror:\x1b[0m it is wrong\n  \x1b[2mhint:\x1b[0m mend it\n1 error\n"; coloured != want {
		t.Errorf("Diagnostics in colour = %q, want %q", coloured, want)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestFirstFailureIsKept(t *testing.T) {
	p := NewPrinter(full{}, os.Getenv)
	p.Line("one")
	p.Line("two")
	if err := p.Err(); err == nil || err.Error() != "writing output: full" {
		t.Errorf("Err() = %v, want the first failure", err)
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n    int
		noun string
		want string
	}{{1, "link", "1 link"}, {2, "link", "2 links"}, {0, "policy", "0 policies"}, {3, "gateway", "3 gateways"}} {
		if got := Count(c.n, c.noun); got != c.want {
			t.Errorf("Count(%d, %s) = %s, want %s", c.n, c.noun, got, c.want)
		}
	}
}

func TestWrappedCells(t *testing.T) {
	for _, c := range []struct {
		name, text string
		width      int
		want       []string
	}{
		{"between words", "aes256-gcm16 sha384 dh20", 19, []string{"aes256-gcm16 sha384", "dh20"}},
		{"not at a hyphen", "without cross-connects", 14, []string{"without", "cross-connects"}},
		{"a word too wide", "to aws-oregon--aws-virginia now", 14, []string{"to", "aws-oregon--", "aws-virginia", "now"}},
		{"indented", "  NAT gateway, aws", 10, []string{"  NAT", "  gateway,", "  aws"}},
		{"room for all", "a b", 3, []string{"a b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wrapped(c.text, c.width)); diff != "" {
				t.Errorf("wrapped(%q, %d) (-want +got):\n%s", c.text, c.width, diff)
			}
		})
	}
}

func TestRemarksStandUnderTheirRows(t *testing.T) {
	table := table{indent: "  ", columns: []column{{head: "WAY"}, {head: "A MONTH", right: true}}}
	table.add("VPN", "73.00")
	table.remark("")
	table.add("circuit", "100.00")
	table.remark("cheaper above 4TB a month")
	table.add("other", "1.00")
	want := "  WAY      A MONTH\n  VPN        73.00\n  circuit   100.00\n    cheaper above\n    4TB a month\n  other       1.00\n"
	if diff := cmp.Diff(want, printed(20, table.print)); diff != "" {
		t.Errorf("table with remarks (-want +got):\n%s", diff)
	}
}

func TestTitlesWrapTheirRemarks(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{{20, "Bill  USD a month\n"}, {12, "Bill\n  USD a\n  month\n"}} {
		if got := printed(c.width, func(p *Printer) { p.Title("Bill", "USD a month") }); got != c.want {
			t.Errorf("Title at %d columns = %q, want %q", c.width, got, c.want)
		}
	}
}
