package auth

// CookieForTest opens the reading of cookies to the comparison with net/http.
var CookieForTest = cookie

// CacheSizeForTest is how many tokens are remembered at most.
const CacheSizeForTest = cacheSize

// RememberedForTest counts the tokens that are remembered.
func (a *Authenticator) RememberedForTest() int {
	n := 0
	for i := range a.cache.slots {
		if a.cache.slots[i].Load() != nil {
			n++
		}
	}
	return n
}
