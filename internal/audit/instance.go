package audit

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// relatedMost is how many other places a finding names.
const relatedMost = 5

// instance is one case of a cause that is told once for all its cases.
type instance struct {
	at     fabric.Origin
	object string
	text   string // the finding, told alone
	short  string // the case, told beside others
	hint   string
}

// addAll adds the cases of one cause as one finding, at the first: about its
// own object when it is alone, else about the given one, with what several
// says of their number, the first case's hint and the places of the others. A
// case that a waiver names by its object is told by itself, so that the waiver
// accepts that one and no other.
func (u *auditor) addAll(s diag.Severity, object string, list []instance, several func(n int) string) {
	var rest []instance
	for _, x := range list {
		if u.isNamed(x.object) {
			u.add(s, x.at, x.object, "%s", x.text).Hint = x.hint
			continue
		}
		rest = append(rest, x)
	}
	if len(rest) == 0 {
		return
	}
	x := rest[0]
	if len(rest) == 1 {
		u.add(s, x.at, x.object, "%s", x.text).Hint = x.hint
		return
	}
	f := u.add(s, x.at, object, "%s", several(len(rest)))
	f.Hint = x.hint
	for i, y := range rest {
		if i == relatedMost {
			f.Related = append(f.Related, diag.Related{Message: fmt.Sprintf("and %d more", len(rest)-i)})
			break
		}
		f.Related = append(f.Related, diag.Related{Pos: y.at.Pos, Message: y.short})
	}
}

// isNamed reports whether a waiver of the rule being judged is limited to what
// holds an object.
func (u *auditor) isNamed(object string) bool {
	return slices.ContainsFunc(u.n.Waivers, func(w fabric.Waiver) bool {
		return w.Code == string(u.rule.Code) && w.Object != "" && covers(u.n, w.Object, object)
	})
}

// counted gives "1 link", "2 links".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
