package model

// World is a run of shoppers at several regions that share one provider. Times are in seconds.
type World struct {
	Shoppers float64
	Arrive   []Phase // when they come; nil means all at once
	Regions  []Region
	Provider float64 // calls a second that it answers, and as many at once; 0 means all
	Latency  float64 // of a call
	Wait     float64 // how long a shopper waits for a call
	TTL      float64 // of a link
	Clicks   int     // of a shopper who has a link, the first one included
	Pause    float64 // at most, between two of these
	Tries    int     // clicks of a shopper who gets none, before they leave
	Dawdle   float64 // how much later than told they come back, at most
	Length   float64 // of the run
	Costs    Costs
}

// Phase is a time in which shoppers come evenly.
type Phase struct {
	Until float64 // since the beginning
	Share float64 // of all shoppers
}

// Region is a fleet of its own.
type Region struct {
	Share       float64 // of the shoppers
	Nodes       int
	Cores       float64 // of each node
	MaxInFlight int     // of each node
	Masters     int     // of its Redis; 0 means memory caches and no stickiness
	Rate        float64 // calls a second, of the region or, without Redis, of each node; 0 is none
	Outages     []Outage
}

// Outage is a time in which masters of a region's Redis do not answer.
type Outage struct {
	From, Until float64
	Masters     int
	Rate        bool // the one that counts the rate is among them
}

// Result is what came of a run.
type Result struct {
	Served     float64 // shoppers with a link
	Lost       float64 // who left without one
	Waiting    float64 // who are neither when the run ends
	Calls      float64 // that went out
	Refused    float64 // of these, with a 429
	Clicks     float64 // all of them
	TurnedAway float64 // clicks without a link
	End        float64 // when the last link was given out
	MostCalls  float64 // in one second
	MostAlive  float64 // links
	MostNode   float64 // of the CPU of a region's nodes in one second: above 1 they are overrun
	MostRedis  float64 // of the CPU of a region's busiest master in one second
	NodeCPU    float64 // of all Caddys, in seconds
	RedisCPU   float64 // of all masters, in seconds
	FirstWait  float64 // when the first shopper was turned away; 0 if none was
}

// step is how finely time is cut, in seconds, and perSecond how many steps that is.
const (
	step      = 0.1
	perSecond = 10
)

// arrivals is how many shoppers come in a step.
func (w *World) arrivals(i int) float64 {
	if w.Arrive == nil {
		if i == 0 {
			return w.Shoppers
		}
		return 0
	}
	t, from := (float64(i)+0.5)*step, 0.0
	for _, p := range w.Arrive {
		if t < p.Until {
			return w.Shoppers * p.Share * step / (p.Until - from)
		}
		from = p.Until
	}
	return 0
}

// Run plays it.
func (w *World) Run() Result {
	steps := int(w.Length * perSecond)
	var r Result
	regions := make([]*region, len(w.Regions))
	for i := range regions {
		regions[i] = newRegion(w, w.Regions[i], steps)
	}
	provider := bucket{rate: w.Provider, burst: w.Provider}
	var called window
	for i := range steps {
		wanted := 0.0
		for _, g := range regions {
			wanted += g.clicks(i, w.arrivals(i)*g.Share, &r)
		}
		allowed := wanted
		if w.Provider > 0 {
			provider.drain(step)
			allowed = min(wanted, provider.room(0))
			provider.take(allowed)
		}
		for _, g := range regions {
			g.call(i, allowed/max(wanted, 1e-12), &r)
		}
		r.Calls += wanted
		r.Refused += wanted - allowed
		r.MostCalls = max(r.MostCalls, called.add(wanted))
		if wanted > 0.01 {
			r.End = float64(i)*step + w.Latency
		}
	}
	r.Waiting = w.Shoppers - r.Served - r.Lost
	return r
}

// window is the sum of the last second.
type window struct {
	last [perSecond]float64
	next int
	sum  float64
}

func (v *window) add(n float64) float64 {
	v.sum += n - v.last[v.next]
	v.last[v.next] = n
	v.next = (v.next + 1) % perSecond
	return v.sum
}

// bucket is a rate with a burst of as much as a second's. It is the generic cell rate algorithm, in
// amounts: the level is what was taken and is not there yet.
type bucket struct{ rate, burst, level float64 }

func (b *bucket) drain(seconds float64) { b.level = max(0, b.level-b.rate*seconds) }

// room is how much may be taken by those who wait for that long.
func (b *bucket) room(patience float64) float64 {
	return max(0, b.burst+b.rate*patience-b.level)
}

func (b *bucket) take(n float64) { b.level += n }

// ahead is what was taken and has to wait.
func (b *bucket) ahead() float64 { return max(0, b.level-b.burst) }
