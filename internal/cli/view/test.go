package view

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/diag"
)

// Test is what became of a test file's assertions.
type Test struct {
	Network string
	File    string
	Results []assert.Result // in the order of the file
}

// count returns how many assertions have a verdict.
func (t Test) count(v assert.Verdict) int {
	n := 0
	for _, r := range t.Results {
		if r.Verdict == v {
			n++
		}
	}
	return n
}

// Passed returns how many assertions hold.
func (t Test) Passed() int { return t.count(assert.Pass) }

// Test prints each assertion with its verdict, and below those that do not
// pass why and what shows it.
func (p *Printer) Test(t Test) {
	p.Title(t.Network, Count(len(t.Results), "assertion")+" of "+t.File)
	for _, r := range t.Results {
		p.Wrapped(fmt.Sprintf("  %s  %-8s  ", p.verdict(r.Verdict), r.Verb), strings.Repeat(" ", 21), r.Text)
		if r.Verdict == assert.Pass {
			continue
		}
		p.Line("           %s", p.dim(r.Pos.String()))
		p.Wrapped("           ", "           ", r.Why)
		p.witness("           ", r.Witness)
	}
	p.Blank()
	p.Line("%s", p.testTally(t))
}

// verdict is a verdict in seven columns.
func (p *Printer) verdict(v assert.Verdict) string {
	text := fmt.Sprintf("%-7s", v)
	switch v {
	case assert.Pass:
		return p.green(text)
	case assert.Fail:
		return p.red(text)
	case assert.Unknown:
		return p.yellow(text)
	}
	return text
}

// testTally counts the verdicts: "9 pass, 1 fails".
func (p *Printer) testTally(t Test) string {
	parts := []string{p.green(fmt.Sprintf("%d pass", t.Passed()))}
	if n := t.count(assert.Fail); n > 0 {
		parts = append(parts, p.red(fmt.Sprintf("%d fail", n)))
	}
	if n := t.count(assert.Unknown); n > 0 {
		parts = append(parts, p.yellow(fmt.Sprintf("%d unknown, which is no pass", n)))
	}
	return strings.Join(parts, ", ")
}

type testJSON struct {
	FormatVersion string           `json:"format_version"`
	Network       string           `json:"network"`
	File          string           `json:"file"`
	Pass          int              `json:"pass"`
	Fail          int              `json:"fail"`
	Unknown       int              `json:"unknown"`
	Results       []testResultJSON `json:"results"`
}

type testResultJSON struct {
	Pos       diag.Pos       `json:"pos"`
	Verb      string         `json:"verb"`
	Assertion string         `json:"assertion"`
	Verdict   assert.Verdict `json:"verdict"`
	Why       string         `json:"why"`
	Witness   *witnessJSON   `json:"witness,omitempty"`
}

// TestJSON gives the same for programs.
func TestJSON(t Test) any {
	return testJSON{
		FormatVersion: FormatVersion, Network: t.Network, File: t.File,
		Pass: t.Passed(), Fail: t.count(assert.Fail), Unknown: t.count(assert.Unknown),
		Results: list(t.Results, func(r assert.Result) testResultJSON {
			return testResultJSON{Pos: r.Pos, Verb: r.Verb, Assertion: r.Text, Verdict: r.Verdict, Why: r.Why, Witness: toWitnessJSON(r.Witness)}
		}),
	}
}

// The elements of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit gives the results as JUnit XML: what fails is a failure, what is
// unknown an error.
func JUnit(t Test) ([]byte, error) {
	suite := junitSuite{Name: t.File, Tests: len(t.Results), Failures: t.count(assert.Fail), Errors: t.count(assert.Unknown)}
	for _, r := range t.Results {
		c := junitCase{Name: r.Verb + " " + r.Text, Class: t.Network, File: r.Pos.File, Line: r.Pos.Line}
		problem := &junitProblem{Message: r.Why, Text: r.Pos.String() + ": " + r.Why + plainWitness(r)}
		switch r.Verdict {
		case assert.Pass:
		case assert.Fail:
			c.Failure = problem
		case assert.Unknown:
			c.Error = problem
		}
		suite.Cases = append(suite.Cases, c)
	}
	all := junitSuites{Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suite: suite}
	out, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(append([]byte(xml.Header), out...), '\n'), nil
}

// plainWitness is the witness of a result without colour.
func plainWitness(r assert.Result) string {
	var b strings.Builder
	p := NewPrinter(&b, func(string) string { return "" })
	p.witness("  ", r.Witness)
	if b.Len() == 0 {
		return ""
	}
	return "\n" + b.String()
}
