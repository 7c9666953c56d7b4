package sandbox

import "time"

// SubscriptionState is a subscription as it stands at the moment of asking: a copy.
type SubscriptionState struct {
	// ID is Zotlo's number of it.
	ID int `json:"id"`
	// OriginalTransactionID is that of its first payment, LastTransactionID
	// that of its newest.
	OriginalTransactionID string `json:"original_transaction_id"`
	LastTransactionID     string `json:"last_transaction_id"`
	SubscriberID          string `json:"subscriber_id"`
	PackageID             string `json:"package_id"`
	// Status is "active", "grace" or "passive"; RealStatus is passive from a
	// cancellation on.
	Status     string `json:"status"`
	RealStatus string `json:"real_status"`
	// Type is "trial" or "paid".
	Type     string `json:"type"`
	Quantity int    `json:"quantity"`
	// StartedAt and the rest are on Config.Now. CanceledAt and PausedUntil are
	// zero if it is neither.
	StartedAt   time.Time `json:"started_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	CanceledAt  time.Time `json:"canceled_at,omitzero"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
	// NextPackageID is what a downgrade sells from the next period on.
	NextPackageID string `json:"next_package_id,omitempty"`
	TestMode      bool   `json:"test_mode"`
}

// subscription copies what a purchase is at this time.
func (s *sale) subscription(now time.Time, d Doubts) SubscriptionState {
	status, realStatus := s.states(now, d)
	v := SubscriptionState{
		ID:                    s.subscriptionID,
		OriginalTransactionID: s.original.OriginalTransactionID,
		LastTransactionID:     s.last.TransactionID,
		SubscriberID:          s.last.SubscriberID,
		PackageID:             s.product.PackageID,
		Status:                status,
		RealStatus:            realStatus,
		Type:                  "paid",
		Quantity:              s.last.Quantity,
		StartedAt:             s.original.At,
		ExpiresAt:             s.expires,
		TestMode:              s.terms.testMode,
	}
	if s.last.Status == StatusTrial {
		v.Type = "trial"
	}
	if s.canceled != nil {
		v.CanceledAt = *s.canceled
	}
	if s.isPaused(now) {
		v.PausedUntil = *s.resumes
	}
	if s.waiting != nil {
		v.NextPackageID = s.waiting.PackageID
	}
	return v
}

// Words says for a reader how the subscription stands.
func (v SubscriptionState) Words() string {
	words := v.Status
	switch {
	case v.Status != "passive" && v.RealStatus == "passive":
		words = "cancelled"
	case v.Type == "trial" && v.Status == "active":
		words = "trial"
	}
	if !v.PausedUntil.IsZero() {
		words += ", paused"
	}
	return words
}
