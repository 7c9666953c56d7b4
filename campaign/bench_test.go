package campaign

import (
	"testing"
	"time"
)

// plain is a campaign with much to say and no placeholder, split in two, and a user with an id.
func plain(t testing.TB) ([]*Campaign, *shopper) {
	list := []*Campaign{load(t, Config{
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Overrides: Overrides{
			OneTimePrice: &Price{Amount: "19.99", Currency: "EUR"}, PackageName: "Pro",
			AdditionalText:   "Welcome",
			CustomParameters: map[string]string{"partner": "acme"},
		},
		Experiment: fifty(Overrides{}, Overrides{OneTimePrice: &Price{Amount: "14.99", Currency: "EUR"}}),
	})}
	v := user("7f9c24e8-3b1a-4f0e-9d6c-5a2b8e7f1c3d")
	v.at = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	return list, &v
}

func BenchmarkDecidePlain(b *testing.B) {
	list, s := plain(b)
	user := s.user()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decide(list, user, s, s.at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecideThreePlaceholders(b *testing.B) {
	list := []*Campaign{load(b, Config{
		Overrides: Overrides{
			OneTimePrice:     &Price{Amount: "{price}", Currency: "EUR", Min: "1", Max: "99"},
			PackageName:      "Pro",
			AdditionalText:   "Welcome back, {name}",
			CustomParameters: map[string]string{"partner": "{partner}"},
		},
		Experiment: weights("50%", "50%"),
	})}
	v := sends("price", "19.99", "name", "Ada Lovelace", "partner", "acme")
	v.claims = claims{"sub": "42"}
	user := v.user()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decide(list, user, &v, v.at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBucket(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		bucket("bf-price", "7f9c24e8-3b1a-4f0e-9d6c-5a2b8e7f1c3d")
	}
}

func BenchmarkLanguages(b *testing.B) {
	many := languages(b, "en", "tr", "de", "pt_br")
	for name, header := range map[string]string{
		"exact": "tr", "header": "tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7", "none": "",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				many.Match(header)
			}
		})
	}
	one := languages(b, "en")
	b.Run("single", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			one.Match("tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7")
		}
	})
}

func BenchmarkCleanText(b *testing.B) {
	for name, text := range map[string]string{
		"clean": "Ada Lovelace, London", "markup": `<b>Ada</b> "Lovelace"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				clean(text)
			}
		})
	}
}
