package sandbox

import (
	"encoding/json"
	"time"
)

// shownLink and shownEvent are what the door's lists say of a link and of a webhook. They are apart
// from Link and Event, so that the door's answers stay as they are when those change.
//
// A personal link stands here in clear: the sandbox's are worth nothing.
type shownLink struct {
	URL            string    `json:"url"`
	State          State     `json:"state"`
	CheckoutLinkID string    `json:"checkout_link_id"`
	SubscriberID   string    `json:"subscriber_id,omitempty"`
	TestMode       bool      `json:"test_mode"`
	CreatedAt      time.Time `json:"created_at"`
	ExpiresAt      time.Time `json:"expires_at"`
}

// shownEvent holds the body as it was sent: what the signature is made over.
type shownEvent struct {
	ID            string          `json:"id"`
	Kind          Kind            `json:"kind"`
	TransactionID string          `json:"transaction_id"`
	URL           string          `json:"url"`
	State         EventState      `json:"state"`
	Due           time.Time       `json:"due"`
	Answers       []int           `json:"answers"` // statuses, 0 where there was none
	Body          json.RawMessage `json:"body"`
}

// shownLinks never gives nil: a list of nothing is [] for a script, not null.
func shownLinks(list []Link) []shownLink {
	shown := make([]shownLink, 0, len(list))
	for _, l := range list {
		shown = append(shown, shownLink{
			l.URL, l.State, l.CheckoutLinkID, l.SubscriberID, l.TestMode, l.CreatedAt, l.ExpiresAt,
		})
	}
	return shown
}

// shownEvents gives the status of each attempt, the first one first.
func shownEvents(list []Event) []shownEvent {
	shown := make([]shownEvent, 0, len(list))
	for _, e := range list {
		answers := make([]int, 0, len(e.Attempts))
		for _, a := range e.Attempts {
			answers = append(answers, a.Status)
		}
		shown = append(shown, shownEvent{
			e.ID, e.Kind, e.TransactionID, e.URL, e.State, e.Due, answers, e.Body,
		})
	}
	return shown
}
