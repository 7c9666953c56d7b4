package auth

// CookieForTest opens the reading of cookies to the comparison with net/http.
var CookieForTest = wholeCookie

// CacheSizeForTest is how many tokens are remembered at most.
const CacheSizeForTest = cacheSize

// RememberedForTest counts the tokens that are remembered, and those of them that are with a user.
func (a *Authenticator) RememberedForTest() (tokens, users int) {
	for set := range a.cache.hashes {
		for way := range a.cache.hashes[set] {
			if a.cache.hashes[set][way].Load() != 0 {
				tokens++
			}
			if known := a.cache.tokens[set][way].Load(); known != nil && known.user != nil {
				users++
			}
		}
	}
	return tokens, users
}

// KnownByHashOfForTest reports whether a token would be known, had it the hash of another one.
func (a *Authenticator) KnownByHashOfForTest(token, other string) bool {
	keys, _ := a.keys.peek(a.now())
	return a.cache.get(a.cache.hash(other), token, keys, a.now()) != nil
}

// ParseKeySetForTest reads a key set and counts its keys.
func ParseKeySetForTest(body []byte) (keys int, err error) {
	set, err := parseKeySet(body)
	if err != nil {
		return 0, err
	}
	return len(set.keys), nil
}

// SymmetricForTest reports whether the set of body holds a symmetric key, after all.
func SymmetricForTest(body []byte) bool {
	set, err := parseKeySet(body)
	if err != nil {
		return false
	}
	for _, k := range set.keys {
		if _, ok := k.public.(*hmacSecret); ok || k.family == familyHMAC {
			return true
		}
	}
	return false
}

// SettleForTest waits until the fetch under way, if any, has been put down in the books.
func (k *RemoteKeys) SettleForTest() {
	k.mu.Lock()
	f := k.flight
	k.mu.Unlock()
	if f != nil {
		<-f.done
	}
}

// IsObjectForTest reports whether the data is one JSON object, as tokens and key sets hold it, and
// whether it was refused for what the grammar allows.
func IsObjectForTest(data []byte) (is, strict bool) {
	_, err := parseObject(data)
	return err == nil, err == errTooDeep || err == errDuplicate || err == errSurrogates
}
