package caddymodule_test

import "testing"

func TestReloadThatMovesUsersSaysHowMany(t *testing.T) {
	split := func(control, cheaper string) string {
		return serverWith("\t\tcampaign sale {\n\t\t\tlink_id 1\n\t\t\texperiment sale-price "+
			"{\n\t\t\t\tvariant control "+control+"\n\t\t\t\tvariant cheaper "+cheaper+"\n\t\t\t}\n\t\t}", "checkout_link /u sale")
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
