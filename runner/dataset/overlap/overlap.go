// Package overlap finds test questions in training data: the same words, most of their n-grams, or a long run of them.
package overlap
