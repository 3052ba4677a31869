// Package stats is the statistics of a gate: intervals of rates, paired comparisons of two models on the same cases, and how much as many
// cases can show.
//
// Every function is a formula with a name in the literature; its comment gives the source. Nothing in it knows what a case is.
package stats
