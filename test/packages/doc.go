// Package packages tests the packages that `make packages` builds: what is in them, what they do to
// a machine, and that they are built with the same bytes again. `make test-packages` runs it.
package packages
