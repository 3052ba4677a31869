package stats

import "math"

// quantile returns the value that a standard normal variable does not exceed with probability p.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// logChoose returns the logarithm of the binomial coefficient.
func logChoose(n, k int) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	in, _ := math.Lgamma(float64(k + 1))
	out, _ := math.Lgamma(float64(n - k + 1))
	return all - in - out
}

// binomial returns the probability of exactly k successes in n trials.
func binomial(n, k int, p float64) float64 {
	switch {
	case p <= 0:
		return indicator(k == 0)
	case p >= 1:
		return indicator(k == n)
	}
	return math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// atLeast returns the probability of k or more successes in n trials.
func atLeast(n, k int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return beta(float64(k), float64(n-k+1), p)
}

// beta returns the probability that a variable with the beta distribution of a and b is at most x.
func beta(a, b, x float64) float64 { return betaLaw(a, b)(x) }

// betaLaw returns beta as a function of x: the regularised incomplete beta function, by its continued fraction (NIST DLMF 8.17.22). With a = 0
// the variable is 0, with b = 0 it is 1.
func betaLaw(a, b float64) func(x float64) float64 {
	switch {
	case a <= 0:
		return func(x float64) float64 { return indicator(x >= 0) }
	case b <= 0:
		return func(x float64) float64 { return indicator(x >= 1) }
	}
	log, turn := logBeta(a, b), (a+1)/(a+b+2)
	return func(x float64) float64 {
		switch {
		case x <= 0:
			return 0
		case x >= 1:
			return 1
		}
		front := math.Exp(a*math.Log(x) + b*math.Log1p(-x) - log)
		if x > turn { // where the fraction of the other side converges sooner
			return 1 - front/b*betaFraction(b, a, 1-x)
		}
		return front / a * betaFraction(a, b, x)
	}
}

func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}

// betaFraction evaluates the continued fraction by Lentz's method. It converges in some √max(a,b) steps.
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m < 1e5; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/away(1+even*d), away(1+even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/away(1+odd*d), away(1+odd/c)
		f *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return f
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// root returns where a rising function crosses 0 between low and high (Chandrupatla 1997, Advances in Engineering Software 28:145: inverse
// quadratic steps where they are safe, halving where they are not). Where it does not cross, it returns the end that is nearer to crossing.
func root(f func(float64) float64, low, high float64) float64 {
	a, b := low, high
	fa, fb := f(a), f(b)
	switch {
	case fa >= 0:
		return a
	case fb <= 0:
		return b
	}
	c, fc, t := a, fa, .5
	for range 200 {
		x := a + t*(b-a)
		fx := f(x)
		if (fx > 0) == (fa > 0) {
			c, fc = a, fa
		} else {
			c, b, fc, fb = b, a, fb, fa
		}
		a, fa = x, fx
		best, width := a, math.Abs(b-a)
		if math.Abs(fb) < math.Abs(fa) {
			best = b
		}
		limit := 1e-12
		if fa == 0 || width <= 2*limit {
			return best
		}
		t = .5
		xi, phi := (a-b)/(c-b), (fa-fb)/(fc-fb)
		if phi*phi < xi && (1-phi)*(1-phi) < 1-xi {
			t = fa/(fb-fa)*fc/(fb-fc) + (c-a)/(b-a)*fa/(fc-fa)*fb/(fc-fb)
		}
		t = min(max(t, limit/width), 1-limit/width)
	}
	return a
}
