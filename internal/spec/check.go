package spec

import (
	"github.com/tieline/tieline/internal/diag"
)

// check reports what is wrong with the whole beyond the shape of its values.
func check(s *Spec, sh *shape, diags *diag.List) {
	for i := range sh.fields {
		f := &sh.fields[i]
		missing := f.key == "version" && !s.Version.IsSet() || f.key == "name" && !s.Name.IsSet() || f.key == "sites" && s.Sites == nil
		if f.required && missing {
			diags.Errorf(s.Pos, "the spec has no %s", f.key).Hint = missingHint(f)
		}
	}
}
