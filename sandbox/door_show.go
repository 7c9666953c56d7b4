package sandbox

import (
	"encoding/json"
	"time"
)

// shownLink and shownEvent are what the door's lists say of a link and of a
// webhook.
type shownLink struct {
	URL            string    `json:"url"`
	State          State     `json:"state"`
	CheckoutLinkID string    `json:"checkout_link_id"`
	SubscriberID   string    `json:"subscriber_id,omitempty"`
	TestMode       bool      `json:"test_mode"`
	CreatedAt      time.Time `json:"created_at"`
	ExpiresAt      time.Time `json:"expires_at"`
}

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

func shownLinks(list []Link) []shownLink {
	shown := make([]shownLink, 0, len(list))
	for _, l := range list {
		shown = append(shown, shownLink{
			l.URL, l.State, l.CheckoutLinkID, l.SubscriberID, l.TestMode, l.CreatedAt, l.ExpiresAt,
		})
	}
	return shown
}

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
