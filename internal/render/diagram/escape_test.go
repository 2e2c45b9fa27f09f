package diagram

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tieline/tieline/internal/fabric"
)

// hostile puts a text wherever a spec's text can stand.
func hostile(s string) *fabric.Network {
	n := made(shape{clouds: 2, sites: 1, networks: 1, subnets: 1, links: 1, segments: 1})
	n.Name, n.Environment = s, s
	n.Sites[0].City = s
	n.VPCs[0].Name = s
	n.Subnets[0].Name = s
	segment := fabric.SegmentID("x" + s) // an empty one would be none
	n.Segments[0].ID = segment
	for i := range n.Subnets {
		n.Subnets[i].Segment = segment
	}
	return n
}

var hostileTexts = []string{
	"", "plain", `a"b`, `a\`, `\"`, "a\nb", "<script>alert(1)</script>", "&lt;", "]]>", "a]b", "%%{init: {}}%%",
	"`md`", "- list", "1. list", "#quot;", "\x00\x01", "\xff\xfe", "end", "名前", strings.Repeat("long ", 80), "\u2028",
}

func TestEscapes(t *testing.T) {
	for _, s := range hostileTexts {
		checkEscapes(t, s)
	}
}

func FuzzEscapes(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkEscapes(t, s) })
}

func checkEscapes(t *testing.T, s string) {
	t.Helper()
	d, calm := Model(hostile(s)), Model(hostile("calm"))
	if _, err := texts(SVG(d)); err != nil {
		t.Errorf("SVG with %q: %v", s, err)
	}
	dot := DOT(d)
	if !utf8.ValidString(dot) || dotCode(dot) != dotCode(DOT(calm)) {
		t.Errorf("DOT with %q: the text reached the code:\n%s", s, dot)
	}
	mermaid := Mermaid(d)
	if !utf8.ValidString(mermaid) || mermaidCode.ReplaceAllString(mermaid, `""`) != mermaidCode.ReplaceAllString(Mermaid(calm), `""`) {
		t.Errorf("Mermaid with %q: the text reached the code:\n%s", s, mermaid)
	}
	for _, label := range mermaidCode.FindAllString(mermaid, -1) {
		text := strings.ReplaceAll(strings.Trim(label, `"`), "<br/>", "")
		if strings.ContainsAny(text, "<>`%{}[]&|\\\n") {
			t.Errorf("Mermaid with %q: label %s", s, label)
		}
		for _, line := range strings.Split(strings.Trim(label, `"`), "<br/>") {
			if markdownList.MatchString(line) {
				t.Errorf("Mermaid with %q: label %s is a list", s, label)
			}
		}
	}
}

// mermaidCode matches a label: Mermaid has no escape inside quotes.
var mermaidCode = regexp.MustCompile(`"[^"]*"`)

var markdownList = regexp.MustCompile(`^\s*([-+*]|[0-9]+[.)])\s`)

// dotCode gives DOT without its strings, read by the rules of its language: a
// backslash keeps the character behind it from ending the string.
func dotCode(s string) string {
	var b strings.Builder
	for in, i := false, 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			in = !in
			b.WriteByte('"')
		case in && s[i] == '\\':
			i++
		case !in:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		width      float64
		want       string
	}{
		{"fits", "short", 100, "short"},
		{"is cut", "a rather long name", 60, "a rather l…"},
		{"has no room", "name", 0, "…"},
		{"is empty", "", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fit(tt.text, 10, tt.width); got != tt.want {
				t.Errorf("fit(%q, 10, %v) = %q, want %q", tt.text, tt.width, got, tt.want)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	text := "one two three four five six seven"
	lines := wrap(text, 10, 60)
	if strings.Join(lines, " ") != text {
		t.Errorf("wrap(%q) = %q, loses words", text, lines)
	}
	for _, l := range lines {
		if textWidth(l, 10) > 60 {
			t.Errorf("wrap(%q): line %q is wider than 60", text, l)
		}
	}
}
