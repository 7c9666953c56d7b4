package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// command is one thing that the door does.
type command struct {
	name  string
	takes string // members of args, parted by blanks
	does  string
	run   func(*desk, args) (any, error)
}

// The members that many commands take.
const (
	payMembers = " subscriber trial quantity coupon percent recurring charge charge_currency" +
		" test_mode marked at_top sample_2020"
	renewMembers   = " quantity coupon percent recurring charge charge_currency"
	productMembers = " package package_name price currency period one_time"
)

// members are the names of args that the command knows. Any other one is a mistake.
func (c command) members() []string { return strings.Fields(c.takes) }

// commands are all of them, in the order of the help.
func commands() []command {
	return append(append(saleCommands(), lifeCommands()...), otherCommands()...)
}

// findCommand finds a command by its name. It walks the list: the door is opened by hand or by a
// test, a few times a second.
func findCommand(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// saleCommands move money.
func saleCommands() []command {
	return []command{
		{"pay", "link" + payMembers, "pay a link", func(d *desk, a args) (any, error) {
			return d.books.Pay(a.Link, a.options()...)
		}},
		{
			// Zotlo sends no webhook for it.
			"decline", "link", "a payment that fails; the link stays open",
			func(d *desk, a args) (any, error) { return done{}, d.books.Decline(a.Link) },
		},
		{
			"expire-link", "link", "end the hour of a link",
			func(d *desk, a args) (any, error) { return done{}, d.books.Expire(a.Link) },
		},
		{
			// The new payment has another purchase, and the link of the old one.
			"upsell", "transaction" + productMembers + renewMembers,
			"sell something else under the link of a payment",
			func(d *desk, a args) (any, error) {
				product, err := a.product()
				if err != nil {
					return nil, err
				}
				return d.books.Upsell(a.Transaction, product, a.options()...)
			},
		},
		{
			"renew", "transaction" + renewMembers,
			"charge a subscription again; a trial becomes paid",
			func(d *desk, a args) (any, error) {
				return d.books.Renew(a.Transaction, a.options()...)
			},
		},
		{
			// Unlike a downgrade, which waits for the end of the period.
			"upgrade", "transaction" + productMembers + renewMembers,
			"another package, charged now",
			func(d *desk, a args) (any, error) {
				product, err := a.product()
				if err != nil {
					return nil, err
				}
				return d.books.Upgrade(a.Transaction, product, a.options()...)
			},
		},
		{
			"refund", "transaction amount", "give money back: a part, or all that is left",
			func(d *desk, a args) (any, error) {
				if a.Amount == "" {
					return d.books.Refund(a.Transaction)
				}
				return d.books.RefundPart(a.Transaction, a.Amount)
			},
		},
		{
			"charge-back", "transaction", "the bank takes the money back",
			func(d *desk, a args) (any, error) { return d.books.ChargeBack(a.Transaction) },
		},
	}
}

// lifeCommands change a subscription. They answer what it is then.
func lifeCommands() []command {
	// Whatever happens to a subscription, the caller wants to see how it stands afterwards.
	life := func(name, takes, does string, change func(*books, args) error) command {
		run := func(d *desk, a args) (any, error) {
			if err := change(d.books, a); err != nil {
				return nil, err
			}
			return d.books.subscriptionOf(a.Transaction)
		}
		return command{name, strings.TrimSpace("transaction " + takes), does, run}
	}
	return []command{
		life("cancel", "now", "cancel at the end of the period, or now",
			func(b *books, a args) error {
				if a.Now {
					return b.CancelNow(a.Transaction)
				}
				return b.Cancel(a.Transaction)
			}),
		life("reactivate", "", "take a cancellation back", func(b *books, a args) error {
			return b.Reactivate(a.Transaction)
		}),
		life("fail-renewal", "", "a charge fails: grace", func(b *books, a args) error {
			return b.FailRenewal(a.Transaction)
		}),
		life("recover", renewMembers, "a charge in grace succeeds", func(b *books, a args) error {
			_, err := b.Recover(a.Transaction, a.options()...)
			return err
		}),
		life("lapse", "", "end it", func(b *books, a args) error {
			return b.Lapse(a.Transaction)
		}),
		life("pause", "for", "freeze it, for 720h unless said", func(b *books, a args) error {
			length := time.Duration(a.For)
			if length == 0 {
				length = 30 * 24 * time.Hour
			}
			return b.Pause(a.Transaction, b.clock.now().Add(length))
		}),
		life("resume", "", "end a pause", func(b *books, a args) error {
			return b.Resume(a.Transaction)
		}),
		life("downgrade", strings.TrimSpace(productMembers),
			"another package, from the next renewal on",
			func(b *books, a args) error {
				product, err := a.product()
				if err != nil {
					return err
				}
				return b.Downgrade(a.Transaction, product)
			}),
		life("status", "event", "send a SubscriberUpdate of any event type",
			func(b *books, a args) error { return b.Status(a.Transaction, a.Event) }),
	}
}

// otherCommands are about webhooks, the clock and trouble.
func otherCommands() []command {
	return []command{
		{"hold", "", "hold webhooks back", func(d *desk, _ args) (any, error) {
			d.mail.HoldWebhooks()
			return done{}, nil
		}},
		{"release", "", "send what was held back", func(d *desk, _ args) (any, error) {
			return map[string]int{"tried": d.mail.ReleaseWebhooks(context.Background())}, nil
		}},
		{
			// A copy is what Zotlo sends when it has not seen our answer.
			"send", "webhook copy", "send one again, or a copy under a new requestID",
			func(d *desk, a args) (any, error) {
				send := d.mail.Send
				if a.Copy {
					send = d.mail.SendCopy
				}
				status, err := send(context.Background(), a.Webhook)
				return map[string]int{"status": status}, err
			},
		},
		// Lost is lost: unlike what is held back, no later try brings it.
		{"lose", "count", "lose the next webhooks", func(d *desk, a args) (any, error) {
			d.mail.LoseNext(a.Count)
			return done{}, nil
		}},
		{
			"post", "lose repeat shuffle seed",
			"lose and repeat so many of a hundred webhooks, shuffle them",
			func(d *desk, a args) (any, error) { return a.Post, d.mail.SetPost(a.Post) },
		},
		{
			"shift", "by", "let the sandbox live later, or earlier with -72h",
			func(d *desk, a args) (any, error) {
				by, err := time.ParseDuration(a.By)
				if err != nil {
					return nil, fmt.Errorf("%w: by must be a duration such as -72h", errArgs)
				}
				d.clock.Shift(by)
				return map[string]time.Time{"now": d.clock.now()}, nil
			},
		},
		{
			// one-link is what the module asks for a click; reads are what a reconciliation asks.
			"fail", "part path times delay drip reset cut status code retry_after",
			"let calls go wrong: part is one-link or reads", (*desk).fail,
		},
		{"heal", "", "end all faults", func(d *desk, _ args) (any, error) {
			d.oneLink.Heal()
			d.reads.Heal()
			return done{}, nil
		}},
	}
}
