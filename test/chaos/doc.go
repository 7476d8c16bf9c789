// Package chaos does random things to a virtual DPU and the cloud around it, legal
// ones and illegal ones, and holds representord to its two invariants at every
// step and to all that was asked after every quiet. `make chaos` runs it; a seed
// repeats a run.
package chaos
