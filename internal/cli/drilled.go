package cli

import (
	"path/filepath"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/lab/drill"
	"github.com/tieline/tieline/internal/routes"
)

// drilled reads the newest report of a drill kept beside the spec, for the
// audit, with the hash of the lock that it has to be of. Of what Terraform
// says is there, there is none.
func (s *subject) drilled() (*audit.Drill, string) {
	if s.design == nil {
		return nil, ""
	}
	lock := s.design.result.Lock.Hash()
	r, err := drill.Newest(filepath.Dir(s.design.lockPath))
	switch {
	case err != nil:
		return &audit.Drill{Unread: err.Error()}, lock
	case r == nil:
		return nil, lock
	}
	d := &audit.Drill{At: r.At, Lock: r.Lock, Against: r.Against()}
	for _, kind := range r.Kinds() {
		for k := routes.TunnelPart; k <= routes.CloudPart; k++ {
			if k.String() == kind {
				d.Kinds = append(d.Kinds, k)
			}
		}
	}
	return d, lock
}
