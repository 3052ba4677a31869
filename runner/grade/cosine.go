package grade

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// cosine returns how alike a model of embeddings finds two texts:
//
//	max(0, a·b / (|a|·|b|))
//
// for their vectors a and b, from 0 (unrelated, or opposed) to 1 (the same direction). It is symmetric. Texts of one language on any two
// subjects often have 0.1 to 0.4 by today's models, so a cut-off is one model's own. A blank text has no embedding: it scores 1 against
// another blank one, else 0, and nothing is asked.
func cosine(ctx context.Context, with Services, model, output, reference string) (float64, error) {
	if strings.TrimSpace(output) == "" || strings.TrimSpace(reference) == "" {
		return sameText(output, reference), nil
	}
	if with.Embed == nil {
		return 0, errors.New("no service makes embeddings here")
	}
	vectors, err := with.Embed(ctx, model, []string{output, reference})
	if err != nil {
		return 0, fmt.Errorf("embed: %w", err)
	}
	if len(vectors) != 2 {
		return 0, fmt.Errorf("embed: %d vectors for 2 texts", len(vectors))
	}
	return angle(vectors[0], vectors[1])
}

// angle returns the cosine of the angle between two vectors, and 0 for a negative one.
func angle(a, b []float64) (float64, error) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, fmt.Errorf("embed: vectors of %d and %d numbers", len(a), len(b))
	}
	// Divided by their largest numbers, vectors of any size can be squared.
	largestA, largestB := largest(a), largest(b)
	var dot, squareA, squareB float64
	for i := range a {
		x, y := a[i]/largestA, b[i]/largestB
		dot += x * y
		squareA += x * x
		squareB += y * y
	}
	cos := dot / (math.Sqrt(squareA) * math.Sqrt(squareB))
	if math.IsNaN(cos) {
		return 0, errors.New("embed: a vector without a direction")
	}
	return min(1, max(0, cos)), nil
}

func largest(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	return most
}
