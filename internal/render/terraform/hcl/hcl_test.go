package hcl

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

func TestBody(t *testing.T) {
	var b Body
	b.Comment("network.yaml:14: connect[0]")
	b.Block("resource", "aws_vpc", "ml")
	b.Attr("provider", "aws.prod")
	b.Attr("region", Quote("us-west-2"))
	b.Blank()
	b.Attr("cidr_block", Quote("10.0.0.0/16"))
	b.Attr("tags", Map(Item{"Name", Quote("ml")}, Item{"aws:x", Quote("${y}")}, Item{"deep", Map(Item{"a", Int(1)})}))
	b.Attr("x", Strings("a", "b"))
	b.Block("lifecycle")
	b.Attr("ignore_changes", List("tags"))
	b.End()
	b.End()
	want := `# network.yaml:14: connect[0]
resource "aws_vpc" "ml" {
  provider = aws.prod
  region   = "us-west-2"

  cidr_block = "10.0.0.0/16"
  tags = {
    Name    = "ml"
    "aws:x" = "$${y}"
    deep = {
      a = 1
    }
  }
  x = ["a", "b"]
  lifecycle {
    ignore_changes = [tags]
  }
}
`
	if diff := cmp.Diff(want, string(b.Bytes())); diff != "" {
		t.Errorf("Body (-want +got):\n%s", diff)
	}
}

func TestQuoteReadsBack(t *testing.T) {
	for _, s := range []string{"", `a"b\c`, "${x}", "%{if}", "$${", "a\nb\tc\r", "$", "%", "日本"} {
		e, diags := hclsyntax.ParseExpression([]byte(Quote(s)), "t", hcl.InitialPos)
		if diags.HasErrors() {
			t.Errorf("Quote(%q) = %s, which does not parse: %v", s, Quote(s), diags)
			continue
		}
		v, diags := e.Value(nil)
		if diags.HasErrors() || v.AsString() != s {
			t.Errorf("Quote(%q) = %s, which reads %v %v", s, Quote(s), v, diags)
		}
	}
}

// TestFormatted writes random files and holds them against the formatter of
// Terraform itself.
func TestFormatted(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		var b Body
		for range 1 + rnd.IntN(3) {
			randomBlock(rnd, &b, 0)
		}
		got := string(b.Bytes())
		if _, diags := hclsyntax.ParseConfig([]byte(got), "t.tf", hcl.InitialPos); diags.HasErrors() {
			t.Fatalf("file %d does not parse: %v\n%s", i, diags, got)
		}
		if diff := cmp.Diff(string(hclwrite.Format([]byte(got))), got); diff != "" {
			t.Fatalf("file %d differs from terraform fmt (-fmt +got):\n%s", i, diff)
		}
	}
}

func randomBlock(rnd *rand.Rand, b *Body, depth int) {
	b.Block("resource", "a", "b")
	for i := range rnd.IntN(8) {
		switch rnd.IntN(7) {
		case 0:
			b.Comment("a comment")
		case 1:
			if i > 0 {
				b.Blank()
			}
			b.Attr("after"+strings.Repeat("x", i), Int(i))
		case 2:
			if depth < 3 {
				randomBlock(rnd, b, depth+1)
			}
		default:
			value := randomExpr(rnd, 0)
			if rnd.IntN(9) == 0 {
				value = Heredoc("one\n  two\nthree")
			}
			b.Attr(strings.Repeat("n", 1+rnd.IntN(12))+string(rune('a'+i)), value)
		}
	}
	b.End()
}

func randomExpr(rnd *rand.Rand, depth int) Expr {
	if depth > 2 {
		return Int(rnd.IntN(100))
	}
	sub := func() Expr { return randomExpr(rnd, depth+1) }
	item := func() Item { return Item{strings.Repeat("k", 1+rnd.IntN(9)), sub()} }
	switch rnd.IntN(8) {
	case 0:
		return Map(item(), item(), Item{"two words", sub()})
	case 1:
		return Lines(sub(), sub())
	case 2:
		return Strings(strings.Split(strings.Repeat("10.0.0.0/8 ", 1+rnd.IntN(14)), " ")...)
	case 3:
		return Object(Item{"a", Int(1)}, Item{"b-c", Bool(true)})
	case 5:
		return Index("aws_vpn_connection.x", "c0") + ".tunnel1_address"
	default:
		return Quote("text")
	}
}
