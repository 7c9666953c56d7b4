package model

import "math"

// busyAgain is what a shopper is told who waited in vain for one of max_in_flight, and pause how
// long a region is quiet after a 429, in seconds.
const (
	busyAgain = 2
	pause     = 1
)

// region is a Region while a World runs.
type region struct {
	Region
	w *World

	shared bucket // counted in Redis
	alone  bucket // counted by each node for itself, all of them together
	ahead  float64
	queue  float64 // who wait for one of max_in_flight
	busy   float64 // calls under way

	// Of those who wait for their turn or for a place, all and those who have no link yet.
	pending, fresh float64

	paused int // until this step

	tries []later   // shoppers who were turned away, by how often
	again []later   // shoppers with a link, by how often they have clicked
	ends  []float64 // calls, by the step in which they end
	first []float64 // of these, for shoppers who had no link
	made  []float64 // links, by step
	alive float64

	calling     float64 // calls that would begin in this step
	node, redis window  // CPU
}

func newRegion(w *World, g Region, steps int) *region {
	r := &region{
		Region: g, w: w, made: make([]float64, steps),
		ends: make([]float64, steps), first: make([]float64, steps),
		tries: make([]later, max(w.Tries, 1)), again: make([]later, max(w.Clicks-1, 0)),
	}
	for _, list := range [][]later{r.tries, r.again} {
		for i := range list {
			list[i].slope = make([]float64, steps)
		}
	}
	all := g.Rate * float64(g.Nodes)
	r.shared = bucket{rate: g.Rate, burst: g.Rate}
	r.alone = bucket{rate: all, burst: all}
	return r
}

// clicks takes the clicks of a step as far as the API, and returns how many calls would begin.
func (g *region) clicks(i int, first float64, r *Result) float64 {
	g.finish(i, r)
	broken, alone := g.broken(i)
	turn := &g.shared
	if alone {
		turn = &g.alone
	}
	g.shared.drain(step)
	g.alone.drain(step)
	hits, repeats := 0.0, 0.0
	for n := range g.again {
		came := g.again[n].at(i)
		miss := came * g.missing(n+1, broken)
		hits, repeats = hits+came-miss, repeats+miss
		if n+1 < len(g.again) {
			g.comeAgain(n+1, came, i)
		}
	}
	came := make([]float64, len(g.tries))
	seek := repeats + first
	came[0] = first
	for n := 1; n < len(g.tries); n++ {
		came[n] = g.tries[n].at(i)
		seek += came[n]
	}
	r.Clicks += hits + seek

	accepted, told := g.admit(i, seek, turn)
	g.turnAway(i, came, repeats, seek, seek-accepted, told, r)
	g.charge(hits, accepted, seek-accepted, broken, alone, r)
	g.pending += accepted
	if seek > 0 {
		g.fresh += accepted * (seek - repeats) / seek
	}
	g.start(i, accepted, turn, r)
	return g.calling
}

// admit is how many of those who need a call may wait for one, and when the others are told to come
// again.
func (g *region) admit(i int, seek float64, turn *bucket) (accepted, told float64) {
	if i < g.paused {
		return 0, max(1, float64(g.paused-i)*step)
	}
	if g.Rate == 0 {
		return seek, 0
	}
	accepted = min(seek, turn.room(g.w.Wait))
	g.shared.take(accepted)
	g.alone.take(accepted)
	if turn == &g.alone {
		g.shared.level = min(g.shared.level, g.shared.burst) // nobody counts there
	}
	return accepted, turn.ahead()/turn.rate + 1/g.Rate
}

// turnAway lets those come back who got nothing, and counts those who will not.
func (g *region) turnAway(
	i int, came []float64, repeats, seek, away, told float64, r *Result,
) {
	if away <= 0 || seek <= 0 {
		return
	}
	if r.FirstWait == 0 {
		r.FirstWait = max(float64(i)*step, step)
	}
	r.TurnedAway += away
	part := away / seek
	from := i + int(math.Ceil(max(told, 1))*perSecond)
	for n, came := range came {
		if n+1 < len(g.tries) {
			g.tries[n+1].spread(came*part, from, from+int(g.w.Dawdle*perSecond))
		} else {
			r.Lost += came * part
		}
	}
}

// charge adds up what the clicks of a step cost.
func (g *region) charge(hits, accepted, away, broken float64, alone bool, r *Result) {
	c := g.w.Costs
	reached := 1 - broken
	hit, miss := c.NodeHit, reached*c.NodeMiss+broken*c.MemoryMiss
	if g.Masters == 0 {
		hit, miss = c.MemoryHit, c.MemoryMiss
	}
	cpu := hits*hit + accepted*miss + away*c.NodeRefused
	r.NodeCPU += cpu
	r.MostNode = max(r.MostNode, g.node.add(cpu)/(float64(g.Nodes)*max(g.Cores, 1)))
	if g.Masters == 0 {
		return
	}
	turns := 0.0
	if g.Rate > 0 && !alone {
		turns = c.RedisTurn
	}
	links := hits*c.RedisHit + reached*(accepted*(c.RedisMiss-c.RedisTurn)+
		away*(c.RedisRefused-c.RedisTurn))
	r.RedisCPU += links + (accepted+away)*turns
	// Masters that answer have their own slots only.
	busiest := links/max(1, float64(g.Masters)*reached) + (accepted+away)*turns
	r.MostRedis = max(r.MostRedis, g.redis.add(busiest))
}

// start lets those pass whose turn it is, and who find a place among max_in_flight.
func (g *region) start(i int, accepted float64, turn *bucket, r *Result) {
	ahead := 0.0
	if g.Rate > 0 {
		ahead = turn.ahead()
	}
	g.queue += max(0, accepted+g.ahead-ahead)
	g.ahead = ahead
	places := float64(g.Nodes * g.MaxInFlight)
	g.calling = min(g.queue, max(0, places-g.busy))
	g.queue -= g.calling
	// Who would wait for longer than a shopper does is told so at the end of that time.
	if most := places / g.w.Latency * g.w.Wait; g.queue > most {
		g.giveUp(i, g.queue-most, g.w.Wait+busyAgain, r)
		g.queue = most
	}
}

// giveUp turns away who waited already. Those among them who had a link do not come back.
func (g *region) giveUp(i int, n, told float64, r *Result) {
	fresh := g.leave(n)
	// How often they have clicked is not known any more: as if it had been once.
	g.turnAway(i, []float64{fresh}, n-fresh, n, n, told, r)
}

// leave takes an amount from those who wait, and says how many of them had no link.
func (g *region) leave(n float64) (fresh float64) {
	if g.pending > 0 {
		fresh = g.fresh * n / g.pending
	}
	g.pending, g.fresh = g.pending-n, g.fresh-fresh
	return fresh
}

// call is what the provider made of the calls of a step: it answered a part, and refused the rest.
func (g *region) call(i int, part float64, r *Result) {
	good := g.calling * part
	g.busy += good
	fresh := g.leave(good)
	if end := i + max(1, int(math.Round(g.w.Latency*perSecond))); end < len(g.ends) {
		g.ends[end] += good
		g.first[end] += fresh
	}
	if bad := g.calling - good; bad > 1e-9 {
		g.paused = i + pause*perSecond
		g.giveUp(i, bad, pause, r)
	}
}

// finish hands out the links whose calls end in a step.
func (g *region) finish(i int, r *Result) {
	good, fresh := g.ends[i], g.first[i]
	g.busy -= good
	r.Served += fresh
	g.made[i] = good
	g.alive += good
	if old := i - int(g.w.TTL*perSecond); old >= 0 {
		g.alive -= g.made[old]
	}
	r.MostAlive = max(r.MostAlive, g.alive)
	if len(g.again) > 0 {
		g.comeAgain(0, fresh, i)
	}
}

// comeAgain lets shoppers click again some time later.
func (g *region) comeAgain(n int, amount float64, i int) {
	g.again[n].spread(amount, i+1, i+1+int(g.w.Pause*perSecond))
}
