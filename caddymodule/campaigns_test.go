package caddymodule_test

import "testing"

func TestReloadThatMovesUsersSaysHowMany(t *testing.T) {
	split := func(control, cheaper string) string {
		return serverWith(`
		campaign sale {
			link_id 1
			experiment sale-price {
				variant control `+control+`
				variant cheaper `+cheaper+`
			}
		}`, "checkout_link /u sale")
	}
	srv := openServer(t, split("50%", "50%"))
	for _, same := range []string{"50%", "50.00%"} {
		if err := srv.reload(split(same, "50%")); err != nil {
			t.Fatal(err)
		}
	}
	srv.warns(0, "moves users")
	if err := srv.reload(split("60%", "40%")); err != nil {
		t.Fatal(err)
	}
	srv.warns(1, "moves users", `"experiment":"sale-price"`, `"percent_of_users":10`)
}
