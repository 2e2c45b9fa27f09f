// Package arch holds the import policy of the project as a readable text, the
// test that enforces it, and one that keeps the constants of clouds in the
// atlas.
package arch

// Policy gives each package (below internal/) its level. A package imports
// only packages of lower levels, and a parent its children. Siblings do not
// import each other, but for the named leaves in the test and inside cli and
// testkit. A line ending in /... speaks for all below it.
const Policy = `
0 diag
0 prefix
0 vocab
1 atlas
1 fabric
1 lock
1 nodeconf
1 packet
2 routes/...
2 spec
3 capacity
3 compile/...
3 verify/...
4 assert
4 node/...
4 outage
4 price
4 read/...
4 render/...
5 audit
5 change
5 lab/...
6 cli/...
7 arch
7 testkit/...
`
