// Package invariants judges what is done to the local Open_vSwitch database
// against what was true at that time. Its rules are two:
//
//   - I1: no row of representord's is made or changed except for a current, valid
//     request for exactly its function; and none stays once the netdev under its
//     name has become another function.
//   - I2: no row is removed for its request's sake unless that request was gone,
//     withdrawn or changed.
//
// Watch follows the database's own stream of updates, so that nothing is missed
// between two looks. Truth is what the test knows, because it made it so: requests,
// the card, what an operator did. Judge compares the two. It is a pure function,
// and knows nothing of how representord decides.
package invariants
