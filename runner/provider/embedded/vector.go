package embedded

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// dim is the length of the vectors in which questions and replies meet.
const dim = 64

type vector [dim]float32

// dot is the inner product. Its order of summation is fixed, so that it gives the same bits every time.
func dot(a, b *vector) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i < dim; i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return s0 + s1 + s2 + s3
}

// addScaled adds f·x to y.
func addScaled(y *vector, f float32, x *vector) {
	for i := 0; i < dim; i += 4 {
		y[i] += f * x[i]
		y[i+1] += f * x[i+1]
		y[i+2] += f * x[i+2]
		y[i+3] += f * x[i+3]
	}
}

// A table holds a vector for each bucket of the vocabulary.
type table []vector

// sum is the weighted sum of the rows of fs.
func (t table) sum(fs []feature) (v vector) {
	for _, f := range fs {
		addScaled(&v, f.weight, &t[f.bucket])
	}
	return v
}

// halve rounds every number to the 16 bits of a bfloat16, to even where two are as near, which is what a model file keeps of it.
func halve(vs []vector) {
	for i := range vs {
		for j, x := range vs[i] {
			bits := math.Float32bits(x)
			bits += 0x7fff + bits>>16&1
			vs[i][j] = math.Float32frombits(bits &^ 0xffff)
		}
	}
}

// parallel calls do for each part in 0..parts-1, on as many goroutines, and returns when all have.
//
// For the result not to depend on the number of cores, a part may only write what no other part reads or writes.
func parallel(parts int, do func(part int)) {
	if parts == 1 {
		do(0)
		return
	}
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() { do(part) })
	}
	wg.Wait()
}

// each calls do for every i below n, on all cores. It stops early when ctx ends, and then returns why.
func each(ctx context.Context, n int, do func(i int)) error {
	parts := min(runtime.GOMAXPROCS(0), max(n, 1))
	parallel(parts, func(part int) {
		for i := part; i < n && ctx.Err() == nil; i += parts {
			do(i)
		}
	})
	return ctx.Err()
}
