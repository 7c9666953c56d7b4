package zotlo

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const patient = 5 * time.Second

// crowd has so many shoppers click on each node, who come back until they have a link, and returns
// how long that took.
func (f *fleetFixture) crowd(each int) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for node := range f.nodes {
		for range each {
			all.Go(func() {
				for f.click(node, patient) != ResultOK {
					time.Sleep(patient)
				}
			})
		}
	}
	all.Wait()
	return time.Since(began)
}

// most is by how many calls a rate was passed at the worst moment, counted from began.
func (f *fleetFixture) most(r Rate, began time.Time) float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	worst := 0.0
	for i, at := range f.calls {
		allowed := float64(r.Events) * (1 + float64(at.Sub(began))/float64(r.Per))
		worst = max(worst, float64(i+1)-allowed)
	}
	return worst
}

func TestAFleetKeepsToOneRate(t *testing.T) {
	rate := Rate{50, time.Second}
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 4, rate)
		began := time.Now()
		took := f.crowd(500)
		if over := f.most(rate, began); over > 0 {
			t.Errorf("%v calls more than the rate", over)
		}
		// Nobody starves: 2,000 links need 39 s, and who was turned away came back every 5 s.
		if n := f.counted(); n != 2000 || took > 60*time.Second {
			t.Errorf("%d calls in %v", n, took)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the control: nodes that do not share pass the rate
		f := newFleet(t, 0, rate)
		for range 4 {
			f.addNode(rate, "secret", nil)
		}
		began := time.Now()
		f.crowd(500)
		if over := f.most(rate, began); over < 50 {
			t.Errorf("four nodes that count alone make only %v calls more", over)
		}
	})
}

func TestARefusalCostsTheFleetNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, Rate{3, time.Minute})
		for i := range 3 {
			if got := f.click(i%2, patient); got != ResultOK {
				t.Fatalf("click %d: %s", i, got)
			}
		}
		for i := range 100 {
			if got := f.click(i%2, patient); got != ResultBusy {
				t.Fatalf("got %s, want to be turned away", got)
			}
		}
		time.Sleep(20 * time.Second)
		if got := f.click(1, 0); got != ResultOK {
			t.Errorf("a third of a minute later: %s", got)
		}
	})
}

func TestATurnThatIsNotUsedIsTheFleets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, Rate{1, time.Hour})
		for range 10 {
			if err := f.nodes[0].TakeTurn(context.Background()); err != nil {
				t.Fatal(err)
			}
			f.nodes[0].GiveTurnBack()
		}
		if got := f.click(1, 0); got != ResultOK {
			t.Errorf("the other node: %s", got)
		}
	})
}

// TestWithoutThePacerEachNodeCountsAlone: from the first moment a node's share is bounded by the
// rate, for what it took with the pacer counts.
func TestWithoutThePacerEachNodeCountsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, Rate{10, time.Hour})
		for range 4 {
			f.click(0, 0)
		}
		f.pacer.set(true, false)
		f.counted()
		for range 100 {
			f.click(0, 0)
			f.click(1, 0)
		}
		if n := f.counted(); n != 6+10 {
			t.Errorf("%d calls, want 6 of the node that made 4, and 10 of the other", n)
		}
		// A turn that the pacer never gave is not given back to it.
		f.addNode(Rate{20, time.Hour}, "secret", &f.pacer)
		if err := f.nodes[2].TakeTurn(context.Background()); err != nil {
			t.Fatal(err)
		}
		f.pacer.set(false, false)
		f.pacer.questions()
		f.nodes[2].GiveTurnBack()
		if n := f.pacer.questions(); n != 0 {
			t.Error("a turn was given back that was never taken")
		}
	})
}

func TestOneThrottledNodePausesTheFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 4, Rate{})
		stranger := f.addNode(Rate{}, "another-secret", &f.pacer)
		for node := range f.nodes {
			f.click(node, patient)
		}
		time.Sleep(time.Second)
		f.answers("429 30")
		f.click(0, patient)
		f.answers("ok")
		f.counted()
		for range 29 {
			for node := range 4 {
				if got := f.click(node, patient); got != ResultThrottled {
					t.Fatalf("node %d: %s", node, got)
				}
			}
			time.Sleep(time.Second)
		}
		if n := f.counted(); n != 0 {
			t.Errorf("%d calls in the pause", n)
		}
		if f.click(4, patient) != ResultOK || stranger.Blocked() != nil {
			t.Error("other keys are paused, too")
		}
		time.Sleep(2 * time.Second)
		for node := range 4 {
			if got := f.click(node, patient); got != ResultOK {
				t.Errorf("after the pause, node %d: %s", node, got)
			}
		}
	})
}

// TestWrongKeysAreTriedByOneNode: one probe per half minute in the whole fleet, and when it
// succeeds, all go on.
func TestWrongKeysAreTriedByOneNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 4, Rate{})
		f.answers("wrong " + codeCredentials)
		f.click(0, patient)
		everybody := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				for node := range 4 {
					if got := f.click(node, patient); got != ResultCredentials {
						t.Fatalf("node %d: %s", node, got)
					}
				}
			}
		}
		f.counted()
		everybody(10 * time.Minute)
		if n := f.counted(); n < 18 || n > 21 {
			t.Errorf("%d calls in ten minutes, want one per half minute", n)
		}
		f.answers("ok")
		for f.click(2, patient) != ResultOK {
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(lookEvery)
		for node := range 4 {
			if got := f.click(node, patient); got != ResultOK {
				t.Errorf("when the keys are right again, node %d: %s", node, got)
			}
		}
	})
}

// TestAFleetThatTakesNoMessages: a node that cannot tell the others goes by what it knows, whatever
// old message there is.
func TestAFleetThatTakesNoMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, Rate{})
		f.answers("wrong " + codeCredentials)
		f.click(0, patient)
		f.answers("ok")
		time.Sleep(probeEvery)
		f.click(0, patient) // says that all is well
		f.click(1, patient)
		f.pacer.set(false, true)
		f.answers("wrong " + codeCredentials)
		f.counted()
		for range 200 {
			f.click(0, patient)
			time.Sleep(100 * time.Millisecond)
		}
		if n := f.counted(); n != 1 {
			t.Errorf("%d calls of a node whose keys are wrong", n)
		}
	})
}

// TestReadsGoAfterTheFleetsShoppers: a read takes no turn that another node's shopper may need.
func TestReadsGoAfterTheFleetsShoppers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, Rate{2, 2 * time.Second})
		f.click(0, patient) // one of two turns is left, for a shopper
		start := time.Now()
		f.read(1)
		if waited := time.Since(start); waited < 900*time.Millisecond || waited > 1100*time.Millisecond {
			t.Errorf("the read of another node waited %v", waited)
		}
		if got := f.click(0, 0); got != ResultOK {
			t.Errorf("the turn that the read left: %s", got)
		}
		if got := f.click(1, 0); got != ResultBusy {
			t.Errorf("a turn that the read took: %s", got)
		}
	})
}

// TestAReadsPauseIsItsNodesOwn: the fleet's pause stops reads as well, and a read's stops nobody
// else.
func TestAReadsPauseIsItsNodesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, Rate{})
		f.answers("429 30")
		f.read(0)
		f.answers("ok")
		if n := f.counted(); n != 1 {
			t.Fatalf("%d reads went out", n)
		}
		for node := range 2 {
			if got := f.click(node, patient); got != ResultOK {
				t.Errorf("after a read was throttled, node %d: %s", node, got)
			}
		}
		time.Sleep(time.Second)
		f.answers("429 30")
		f.click(0, patient)
		f.answers("ok")
		f.counted()
		time.Sleep(lookEvery)
		if got := f.read(1); got != ResultThrottled || f.counted() != 0 {
			t.Errorf("a read of a fleet that pauses: %s", got)
		}
	})
}

// TestWithoutARateThePacerIsAskedSeldom: once in a while whether there is a pause, however many
// calls go out.
func TestWithoutARateThePacerIsAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1, Rate{})
		began := time.Now()
		for range 1000 {
			if got := f.click(0, patient); got != ResultOK {
				t.Fatal(got)
			}
		}
		most := int(time.Since(began)/lookEvery) + 1
		if n := f.pacer.questions(); n < most/2 || n > most {
			t.Errorf("asked %d times, want %d at most", n, most)
		}
	})
}

// TestHearingNonsense: what cannot be read is no news, and no message pauses for longer than a 429.
func TestHearingNonsense(t *testing.T) {
	now := time.Now()
	for _, value := range []string{
		"", "429", "429 ", "429 soon", "wrong 99999999999999", "wrong 99999999999999 401", "closed 1",
		"429 99999999999999999999", "\x00", "right",
	} {
		var p pause
		p.hear(value, now)
		if e := p.check(now); e != nil {
			t.Errorf("%q pauses: %v", value, e)
		}
	}
	var p pause
	p.hear("429 99999999999999", now)
	p.hear("wrong 99999999999999 401 401002", now)
	if e := p.check(now.Add(maxPause - 1)); e == nil || e.Result != ResultThrottled {
		t.Errorf("%v", e)
	}
	if e := p.check(now.Add(maxPause)); e != nil {
		t.Errorf("still paused: %v", e)
	}
}

func FuzzHear(f *testing.F) {
	f.Add("429 1795000000000")
	f.Add("wrong 1795000000000 401 401002")
	f.Add("right 1795000000000")
	f.Fuzz(func(t *testing.T, value string) {
		var p pause
		now := time.Now()
		p.hear(value, now)
		if e := p.check(now.Add(maxPause)); e != nil {
			t.Errorf("%q pauses for more than a minute", value)
		}
		if e := p.check(now); e != nil && e.Code != label(e.Code) {
			t.Errorf("%q says %q", value, e.Code)
		}
	})
}
