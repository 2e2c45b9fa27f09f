// Package docs holds the pages for people against the program. It is tests
// only: what README.md and docs/ARCHITECTURE.md show is what tieline prints
// and what files hold, links lead somewhere, YAML parses, commands, flags and
// exit codes exist, the map of packages is the tree, and each dependency has
// its line. Under -update the tests rewrite what they can.
//
// Three kinds of fenced block are tried. A line of dots only stands for any
// number of lines left out.
//
//	```console              $ tieline ..., cat FILE, sed s/A/B/ FILE > FILE or
//	                        echo $?, each followed by what it prints, in a
//	                        folder that has a copy of the examples
//	```LANGUAGE file=PATH   lines of a file of the repository
//	```yaml                 a whole spec, or with "facts" a file of own facts
package docs
