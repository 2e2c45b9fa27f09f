package lab

import "net/http"

// moreRoutes adds what measures and tries.
func (l *Lab) moreRoutes(*http.ServeMux) {}
